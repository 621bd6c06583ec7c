"""The session agent: `faust -A agents.sessions worker`. Reads `sessions.in`, writes `batches`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from functools import partial

from aiokafka.structs import ConsumerRecord

from agents.access.guard import user_of
from agents.access.users import Users
from agents.counters import (
    DUPLICATES,
    EVENTS_HELD,
    EVENTS_LEFT,
    FLUSHES,
    NEXT_DEADLINE,
    RECALLS_ASKED,
    RECALLS_USED,
    SESSIONS_OPEN,
)
from agents.metrics import serve_metrics
from agents.rejects import record_of, reject_of
from agents.sessions_views import add_views
from agents.ticks import add_ticks
from sinks.redis_mirror import Mirror
from sinks.traces import Attributes, traces_of
from streams.batches import enrich_held
from streams.effects import Arrival, Dropped, Duplicate, Effect, Flushed, Told
from streams.events import (
    UNREADABLE,
    Batch,
    Command,
    Erase,
    Flush,
    Forget,
    Recalled,
    Reject,
    SessionInput,
    Tick,
    decode_input,
    encode,
)
from streams.flush import profile_of
from streams.log import setup
from streams.runs import Outgoing, Run, RunApp
from streams.session_state import Limits, Session, decode_session, encode_session
from streams.settings import Settings, load_settings
from streams.tenants import Tenant
from streams.windows import Windows


def create_app(settings: Settings) -> RunApp:
    app = RunApp(settings, "sessions", source="sessions.in", views=True)
    table = app.run_table("sessions", encode_session, decode_session)
    limits_of = limits_by_tenant(settings)
    windows = Windows(table, limits_of)
    mirror = Mirror.of(settings, read=partial(mirrored, table, limits_of), everything=lambda: [*table.keys()])

    @app.run_agent
    async def sessions(runs: AsyncIterator[Run]) -> None:
        async for run in runs:
            touched: set[bytes] = set()
            outgoing = [
                out
                for record in run.records
                for effect in apply(windows, record, touched)
                for out in leaving(settings, run.partition, effect)
            ]
            await run.commit(outgoing, then=partial(mirror.touch, touched))

    def taken_over(partitions: set[int]) -> None:
        windows.assign({partition: table.keys_of(partition) for partition in partitions})
        mirror.start_over(table.keys())

    app.on_taken_over.append(taken_over)
    add_ticks(app)
    app.task(mirror.run)
    add_views(app, table, limits_of, partial(user_of, settings, Users(settings.console_users)))

    def look() -> None:
        SESSIONS_OPEN.set(windows.open_sessions)
        EVENTS_HELD.set(windows.held_events)
        NEXT_DEADLINE.set(windows.first_due_ms() / 1000)

    serve_metrics(app, look)
    return app


def apply(windows: Windows, record: ConsumerRecord, touched: set[bytes]) -> list[Effect | Reject | Erase]:
    """One log record to what it releases; `touched` collects the sessions that it changed."""
    arrived = read(record)
    effects: Sequence[Effect | Reject | Erase]
    if isinstance(arrived, Tick):
        effects = windows.advance(record.partition, record.timestamp)
    elif isinstance(arrived, Reject):
        effects = [*windows.advance(record.partition, record.timestamp), arrived]
    elif isinstance(arrived, Erase):
        released, changed = windows.erase(record.partition, arrived, record.timestamp)
        effects = [*released, arrived]
        touched |= changed
    elif isinstance(arrived, Recalled):
        effects = windows.answer(record.partition, arrived, record.timestamp)
        touched.add(arrived.key)
    elif isinstance(arrived, Flush | Forget):
        effects = windows.obey(record.partition, arrived, record.timestamp)
        touched.add(arrived.key)
    else:
        effects = windows.arrive(arrived)
        touched.add(arrived.key)
    touched.update(effect.batch.key for effect in effects if isinstance(effect, Flushed))
    return [*effects]


def read(record: ConsumerRecord) -> Arrival | Recalled | Erase | Command | Tick | Reject:
    """What is in a record, an event as an arrival; a reject for what should not be in this topic."""
    try:
        value: SessionInput = decode_input(record.value or b"")
    except UNREADABLE:
        return reject_of(record, "not a session record")
    if isinstance(value, Tick | Erase):
        return value
    if record.key != value.key:
        return reject_of(record, "key of the record is not tenant|session_id of the event")
    if isinstance(value, Recalled | Flush | Forget):
        return value
    return Arrival(record.key, record.partition, record.offset, record.timestamp, value, record.value)


def leaving(settings: Settings, partition: int, effect: Effect | Reject | Erase) -> Iterator[Outgoing]:
    """What an effect writes; counts it.

    An erasure goes on to every partition of the visitors' memory and of the ledger from here, behind all
    that this partition's sessions have taught them: sent beside it, it could arrive before a lesson under way.
    """
    if isinstance(effect, Duplicate):
        DUPLICATES.labels(effect.tenant).inc()
    elif isinstance(effect, Reject):
        yield record_of(settings, effect, partition)
    elif isinstance(effect, Erase):
        for topic in map(settings.topic, ("visitors.in", "ledger.in")):
            for target in range(settings.partitions):
                yield Outgoing(topic, None, encode(effect), target)
    elif isinstance(effect, Dropped):
        for offset, event_id in effect.events:
            reject = Reject(
                topic=settings.topic("sessions.in"),
                partition=partition,
                offset=offset,
                reason=effect.reason,
                tenant=effect.tenant,
                event_id=event_id,
            )
            yield Outgoing(settings.topic("rejects"), None, encode(reject), partition)
    elif isinstance(effect, Told):
        if effect.visit.asks:
            RECALLS_ASKED.labels(effect.visit.tenant).inc()
        yield Outgoing(settings.topic("visitors.in"), effect.visit.key, encode(effect.visit))
    else:
        batch = effect.batch
        FLUSHES.labels(batch.tenant, batch.reason).inc()
        EVENTS_LEFT.labels(batch.tenant).inc(len(batch.events))
        RECALLS_USED.labels(batch.tenant).inc(recalled_in(batch))
        trace_holds(settings, batch)
        yield Outgoing(settings.topic("batches"), batch.key, encode(batch), partition)


def trace_holds(settings: Settings, batch: Batch) -> None:
    """How long each event of a batch was held, by log time."""
    if (traces := traces_of(settings, "sessions")) is not None:
        for enriched in (one for one in batch.events if traces.wants(batch.tenant, one.event.event_id)):
            about: Attributes = {"capi.reason": batch.reason, "capi.backfilled": len(enriched.backfilled)}
            start_ms, event = enriched.at_ms or batch.opened_at_ms, enriched.event
            traces.tell("session", event.tenant, event.event_id, start_ms, batch.flushed_at_ms, about)


def recalled_in(batch: Batch) -> int:
    """Events of a batch that leave with something that an earlier visit told."""
    return sum(
        any(source.startswith("visitor:") for source in enriched.backfilled.values()) for enriched in batch.events
    )


def mirrored(
    table: Mapping[bytes, Session], limits_of: Callable[[bytes], Limits], key: bytes
) -> list[bytes] | None:
    """The open events of a session as the Redis mirror shows them; None when there are none."""
    session = table.get(key)
    if session is None or not session.held:
        return None
    profile = profile_of(session, limits_of(key))
    return [encode(enriched.event) for enriched in enrich_held(session.held, profile)]


def limits_by_tenant(settings: Settings) -> Callable[[bytes], Limits]:
    """Session key -> limits: the settings' times, the tenant's policies."""
    limits = {name.encode(): limits_of(settings, tenant) for name, tenant in settings.tenant_map.tenants.items()}
    default = limits_of(settings, Tenant(remember_days=0))  # a tenant that was taken out of the file
    return lambda key: limits.get(key.partition(b"|")[0], default)


def limits_of(settings: Settings, tenant: Tenant) -> Limits:
    return Limits(
        idle_ms=int(settings.idle_s * 1000),
        max_age_ms=int(settings.max_age_s * 1000),
        grace_ms=int(settings.grace_s * 1000),
        merge_ms=int(settings.merge_s * 1000),
        recall_ms=int(settings.recall_s * 1000),
        max_events=settings.max_events,
        max_bytes=settings.max_bytes,
        flush_on=settings.flush_on,
        hold=tenant.hold,
        default_consent=tenant.default_consent,
        remembers=tenant.remember_days > 0,
    )


def _main() -> RunApp:
    settings = load_settings()
    setup(settings, "sessions")
    return create_app(settings)


app = _main()
