"""The door of the public topic: `faust -A agents.ingest worker`. `events` to `sessions.in` or `rejects`."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiokafka.structs import ConsumerRecord

from agents.admission import SUMMARY_S, Admission
from agents.metrics import serve_metrics
from streams.door import Origin, admit
from streams.log import setup
from streams.runs import Outgoing, Run, RunApp
from streams.settings import Settings, load_settings


def create_app(settings: Settings) -> RunApp:
    app = RunApp(settings, "ingest", source="events")
    admission = Admission(settings)

    @app.run_agent
    async def ingest(runs: AsyncIterator[Run]) -> None:
        async for run in runs:
            await run.commit(through_the_door(settings, record, admission) for record in run.records)

    async def sum_up() -> None:
        admission.sum_up()

    app.timer(SUMMARY_S)(sum_up)
    serve_metrics(app)
    return app


def through_the_door(settings: Settings, record: ConsumerRecord, admission: Admission) -> Outgoing:
    """The hashed event for the session topic, or a reject that says why not."""
    origin = Origin(record.topic, record.partition, record.offset, record.timestamp)
    answer = admit(record.value or b"", settings.tenant_map, origin)
    return admission.record(answer, record.timestamp, dict(record.headers).get("traceparent", b""))


def _main() -> RunApp:
    settings = load_settings()
    setup(settings, "ingest")
    return create_app(settings)


app = _main()
