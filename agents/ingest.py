"""The door of the public topic: `faust -A agents.ingest worker`. `events` to `sessions.in` or `rejects`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import structlog
from aiokafka.structs import ConsumerRecord
from msgspec import structs

from agents.counters import ADMITTED, DENIED, FIELDS_DROPPED, REJECTED, ROBOTS
from agents.tally import Tally
from streams.door import Origin, admit
from streams.events import Reject, encode
from streams.log import setup
from streams.runs import Outgoing, Run, RunApp
from streams.settings import Settings, load_settings

log = structlog.get_logger(__name__)

SUMMARY_S = 5  # how soon the first reject is told of


def create_app(settings: Settings) -> RunApp:
    app = RunApp(settings, "ingest", source="events")
    tally = Tally()

    @app.run_agent
    async def ingest(runs: AsyncIterator[Run]) -> None:
        async for run in runs:
            await run.commit(through_the_door(settings, record, tally) for record in run.records)

    async def sum_up() -> None:
        for summary in tally.due():
            log.info("rejected", **summary)

    app.timer(SUMMARY_S)(sum_up)
    return app


def through_the_door(settings: Settings, record: ConsumerRecord, tally: Tally) -> Outgoing:
    """The hashed event for the session topic, or a reject that says why not.

    Each reject is a line at DEBUG only; at INFO `tally` sums them up, so that a flood of robots floods no log.
    """
    origin = Origin(record.topic, record.partition, record.offset, record.timestamp)
    answer = admit(record.value or b"", settings.tenant_map, origin)
    if isinstance(answer, Reject):
        REJECTED.labels(answer.tenant, answer.reason).inc()
        tally.add(answer)
        log.debug("rejected", **structs.asdict(answer))
        return Outgoing(settings.topic("rejects"), None, encode(answer))
    event = answer.event
    ADMITTED.labels(event.tenant).inc()
    if event.consent == "denied":
        DENIED.labels(event.tenant).inc()
    if event.robot:
        ROBOTS.labels(event.tenant).inc()
    for dropped in answer.dropped:
        FIELDS_DROPPED.labels(event.tenant, dropped.field, dropped.reason).inc()
    return Outgoing(settings.topic("sessions.in"), event.key, encode(event))


def _main() -> RunApp:
    settings = load_settings()
    setup(settings, "ingest")
    return create_app(settings)


app = _main()
