"""The sink agent: `faust -A agents.dispatch worker`. Reads `batches`, hands one job per event and destination to
RabbitMQ. Kafka progress only after RabbitMQ's confirms: at least once, with deterministic message ids."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import structlog
from aiokafka.structs import ConsumerRecord

from agents.counters import JOBS
from agents.rejects import reject_of
from sinks.jobs import jobs
from sinks.rabbit import Message, Publisher, PublishError
from sinks.topology import EXCHANGE_EVENTS, routing_key
from streams.events import UNREADABLE, Job, Reject, decode_batch, encode
from streams.log import setup
from streams.runs import Run, RunApp
from streams.settings import Settings, load_settings

log = structlog.get_logger(__name__)

FIRST_PAUSE_S, MOST_PAUSE_S = 0.2, 10.0


def create_app(settings: Settings) -> RunApp:
    if settings.gateway_url:
        raise SystemExit("CAPI_GATEWAY_URL: dispatch to a central gateway is not built yet; unset it")
    app = RunApp(settings, "dispatch", source="batches", transactional=False)
    publisher = Publisher(settings)

    @app.run_agent
    async def dispatch(runs: AsyncIterator[Run]) -> None:
        async for run in runs:
            handed = [out for record in run.records for out in jobs_of(settings, record)]
            if await run.attempt(hand_over(app, publisher, handed)):
                await run.done()
            else:
                run.drop()

    async def close(*_: object, **__: object) -> None:
        await publisher.close()

    app.on_before_shutdown.connect(close)
    return app


async def hand_over(app: RunApp, publisher: Publisher, handed: Sequence[Job | Reject]) -> None:
    """Publish until everything is confirmed. RabbitMQ being down is a wait, not an error."""
    for reject in (item for item in handed if isinstance(item, Reject)):
        await app.producer.send_and_wait(app.settings.topic("rejects"), None, encode(reject), None, None, None)
    messages = [as_message(item) for item in handed if isinstance(item, Job)]
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            await publisher.publish(EXCHANGE_EVENTS, messages)
        except PublishError as error:
            log.warning("RabbitMQ did not take the jobs; trying again", jobs=len(messages), why=str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, MOST_PAUSE_S)
        else:
            break
    for message in messages:
        JOBS.labels(message.routing_key.partition(".")[0]).inc()


def jobs_of(settings: Settings, record: ConsumerRecord) -> Sequence[Job | Reject]:
    """One job per event and destination; a reject for what is no batch of a known tenant."""
    try:
        batch = decode_batch(record.value or b"")
    except UNREADABLE:
        return [reject_of(record, "not a batch")]
    tenant = settings.tenant_map.get(batch.tenant)
    if tenant is None:
        return [reject_of(record, f"batch {batch.batch_id} of a tenant that is no longer in the tenants file")]
    return jobs(batch, tenant)


def as_message(job: Job) -> Message:
    return Message(
        routing_key=routing_key(job.platform, job.event.event_name),
        message_id=f"{job.job_id}:1",
        body=encode(job),
        headers={"capi-attempt": 1},
    )


def _main() -> RunApp:
    settings = load_settings()
    setup(settings, "dispatch")
    return create_app(settings)


app = _main()
