"""The door of the public topic: `faust -A agents.ingest worker`. `events` to `sessions.in` or `rejects`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import structlog
from aiokafka.structs import ConsumerRecord
from msgspec import structs

from agents.counters import ADMITTED, FIELDS_DROPPED, REJECTED
from streams.door import Origin, admit
from streams.events import Reject, encode
from streams.log import setup
from streams.runs import Outgoing, Run, RunApp
from streams.settings import Settings, load_settings

log = structlog.get_logger(__name__)


def create_app(settings: Settings) -> RunApp:
    app = RunApp(settings, "ingest", source="events")

    @app.run_agent
    async def ingest(runs: AsyncIterator[Run]) -> None:
        async for run in runs:
            await run.commit(through_the_door(settings, record) for record in run.records)

    return app


def through_the_door(settings: Settings, record: ConsumerRecord) -> Outgoing:
    """The hashed event for the session topic, or a reject that says why not."""
    origin = Origin(record.topic, record.partition, record.offset, record.timestamp)
    answer = admit(record.value or b"", settings.tenant_map, origin)
    if isinstance(answer, Reject):
        REJECTED.labels(answer.tenant).inc()
        log.info("rejected", **structs.asdict(answer))
        return Outgoing(settings.topic("rejects"), None, encode(answer))
    event = answer.event
    ADMITTED.labels(event.tenant).inc()
    for dropped in answer.dropped:
        FIELDS_DROPPED.labels(event.tenant, dropped.field).inc()
    return Outgoing(settings.topic("sessions.in"), event.key, encode(event))


def _main() -> RunApp:
    settings = load_settings()
    setup(settings, "ingest")
    return create_app(settings)


app = _main()
