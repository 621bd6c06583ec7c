"""The memory of returning visitors: `faust -A agents.visitors worker`. `visitors.in` in, answers to `sessions.in`.

Sessions are placed by session and memories by visitor, so one asks the other through the log
(docs/decisions/0012-memory-by-messages.md).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

from aiokafka.structs import ConsumerRecord

from agents.counters import VISITORS, VISITORS_STORED
from agents.metrics import serve_metrics
from agents.rejects import record_of, reject_of
from agents.ticks import add_ticks
from sinks.erasures import shown
from streams.events import (
    UNREADABLE,
    Erase,
    Noted,
    Reject,
    Tick,
    Visit,
    VisitorInput,
    decode_visitor_input,
    encode,
)
from streams.log import setup
from streams.runs import Outgoing, Run, RunApp
from streams.settings import Settings, load_settings
from streams.tenants import Tenant
from streams.visitor_table import VisitorTable
from streams.visitors import DAY_MS, decode_memory


def create_app(settings: Settings) -> RunApp:
    app = RunApp(settings, "visitors", source="visitors.in")
    table = app.run_table("visitors", bytes, bytes, check=lambda _, value: decode_memory(value))
    memories = VisitorTable(table, table.keys_of, remember_ms_by_tenant(settings))

    @app.run_agent
    async def visitors(runs: AsyncIterator[Run]) -> None:
        async for run in runs:
            await run.commit([out for record in run.records for out in apply(settings, memories, record)])
            VISITORS_STORED.set(len(table.data))

    app.on_taken_over.append(lambda partitions: memories.start_over())
    add_ticks(app)
    serve_metrics(app)
    return app


def apply(settings: Settings, memories: VisitorTable, record: ConsumerRecord) -> Iterator[Outgoing]:
    """What one log record does to the memories; yields what it writes, and counts it."""
    value = read(record)
    match value:
        case Tick():
            memories.advance(record.partition, record.timestamp)
        case Erase():
            if gone := memories.erase(record.partition, value):
                VISITORS.labels(value.tenant, "erased").inc(gone)
                yield Outgoing(settings.topic("ledger.in"), None, encode(erased(value, gone, record)))
        case Visit():
            yield from _visited(settings, memories, value, record.timestamp)
        case Reject():
            yield record_of(settings, value, record.partition)


def erased(erase: Erase, gone: int, record: ConsumerRecord) -> Noted:
    """How many memories were removed, for the audit and for `capi erase`, which waits for it."""
    return Noted(
        note_id=f"{record.topic}-{record.partition}-{record.offset}",
        at_ms=record.timestamp,
        who="visitors",
        what="erased",
        target=shown(erase),
        tenant=erase.tenant,
        result=f"{gone} memories of visitors",
    )


def _visited(settings: Settings, memories: VisitorTable, visit: Visit, at_ms: int) -> Iterator[Outgoing]:
    for what in visit_words(visit):
        VISITORS.labels(visit.tenant, what).inc()
    answer = memories.visit(visit, at_ms)
    if answer is not None:
        if answer.identity:
            VISITORS.labels(visit.tenant, "known").inc()
        yield Outgoing(settings.topic("sessions.in"), answer.key, encode(answer))


def visit_words(visit: Visit) -> list[str]:
    """What a visit is counted as."""
    said = {"asked": visit.asks, "taught": visit.identity and not visit.forget, "forgotten": visit.forget}
    return [word for word, so in said.items() if so]


def read(record: ConsumerRecord) -> VisitorInput | Reject:
    """The value of a record, or a reject for what should not be in this topic."""
    try:
        value: VisitorInput = decode_visitor_input(record.value or b"")
    except UNREADABLE:
        return reject_of(record, "not a visitor record")
    if isinstance(value, Visit) and record.key != value.key:
        return reject_of(record, "key of the record is not tenant|visitor of the visit")
    return value


def remember_ms_by_tenant(settings: Settings) -> Callable[[bytes], int]:
    """Memory key -> how long its tenant remembers. A tenant that left the file is forgotten after the default."""
    limits = {name.encode(): tenant.remember_days * DAY_MS for name, tenant in settings.tenant_map.tenants.items()}
    default = Tenant().remember_days * DAY_MS
    return lambda key: limits.get(key.partition(b"|")[0], default)


def _main() -> RunApp:
    settings = load_settings()
    setup(settings, "visitors")
    return create_app(settings)


app = _main()
