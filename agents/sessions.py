"""The session agent: `faust -A agents.sessions worker`. Reads `sessions.in`, writes `batches`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial

import msgspec
from aiokafka.structs import ConsumerRecord

from agents.counters import DUPLICATES, EVENTS_LEFT, FLUSHES
from agents.rejects import reject_of
from agents.ticks import add_ticks
from sinks.redis_mirror import Mirror
from streams.batches import enrich_held
from streams.events import UNREADABLE, Event, Reject, SessionInput, decode_input, encode
from streams.log import setup
from streams.runs import Outgoing, Run, RunApp
from streams.session import Arrival, Dropped, Duplicate, Effect, Limits, Session, decode_session, encode_session
from streams.settings import Settings, load_settings
from streams.windows import Windows


def create_app(settings: Settings) -> RunApp:
    app = RunApp(settings, "sessions", source="sessions.in", views=True)
    table = app.run_table("sessions", encode_session, decode_session)
    windows = Windows(table, limits_by_tenant(settings))
    mirror = Mirror.of(settings, read=partial(mirrored, table), everything=lambda: [*table.keys()])

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
    return app


def apply(windows: Windows, record: ConsumerRecord, touched: set[bytes]) -> list[Effect | Reject]:
    """One log record to what it releases; `touched` collects the sessions that it changed."""
    arrived = read(record)
    if isinstance(arrived, Reject):
        return [*windows.advance(record.partition, record.timestamp), arrived]
    if arrived is None:
        effects = windows.advance(record.partition, record.timestamp)
    else:
        effects = windows.arrive(arrived)
        touched.add(arrived.key)
    touched.update(effect.batch.key for effect in effects if not isinstance(effect, Dropped | Duplicate))
    return [*effects]


def read(record: ConsumerRecord) -> Arrival | Reject | None:
    """The arrival in a record, None for what only moves the time, a reject for what should not be here."""
    try:
        value: SessionInput = decode_input(record.value or b"")
    except UNREADABLE:
        return reject_of(record, "not a session record")
    if not isinstance(value, Event):
        return None
    if record.key != value.key:
        return reject_of(record, "key of the record is not tenant|session_id of the event")
    return Arrival(record.key, record.partition, record.offset, record.timestamp, value, record.value)


def leaving(settings: Settings, partition: int, effect: Effect | Reject) -> Iterator[Outgoing]:
    """What an effect writes; counts it."""
    if isinstance(effect, Duplicate):
        DUPLICATES.labels(effect.tenant).inc()
    elif isinstance(effect, Reject):
        yield Outgoing(settings.topic("rejects"), None, encode(effect), partition)
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
    else:
        batch = effect.batch
        FLUSHES.labels(batch.tenant, batch.reason).inc()
        EVENTS_LEFT.labels(batch.tenant).inc(len(batch.events))
        yield Outgoing(settings.topic("batches"), batch.key, encode(batch), partition)


def mirrored(table: Mapping[bytes, Session], key: bytes) -> list[bytes] | None:
    """The open events of a session as the Redis mirror shows them; None when there are none."""
    session = table.get(key)
    if session is None or not session.held:
        return None
    shown: list[Event] = [enriched.event for enriched in enrich_held(session.held, session.identity)]
    return [encode(event) for event in shown]


def limits_by_tenant(settings: Settings) -> Callable[[bytes], Limits]:
    """Session key -> limits: the settings' times, the tenant's hold policy."""
    limits = {
        name.encode(): Limits(
            idle_ms=int(settings.idle_s * 1000),
            max_age_ms=int(settings.max_age_s * 1000),
            grace_ms=int(settings.grace_s * 1000),
            merge_ms=int(settings.merge_s * 1000),
            max_events=settings.max_events,
            max_bytes=settings.max_bytes,
            flush_on=settings.flush_on,
            hold=tenant.hold,
        )
        for name, tenant in settings.tenant_map.tenants.items()
    }
    default = msgspec.structs.replace(next(iter(limits.values())), hold="session")
    return lambda key: limits.get(key.partition(b"|")[0], default)


def _main() -> RunApp:
    settings = load_settings()
    setup(settings, "sessions")
    return create_app(settings)


app = _main()
