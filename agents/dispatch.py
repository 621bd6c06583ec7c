"""The sink agent: `faust -A agents.dispatch worker`. Reads `batches`, hands one job per event and destination to
RabbitMQ, or a reject to `rejects` where the platform would refuse it. Kafka progress only after RabbitMQ's
confirms: at least once, with deterministic message ids."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import msgspec
import structlog
from aiokafka.structs import ConsumerRecord

from agents.counters import JOB_WARNINGS, JOBS, JOBS_REFUSED, MATCH_SCORE
from agents.rejects import reject_of
from sinks.jobs import Checked, jobs
from sinks.rabbit import Message, Publisher, PublishError
from sinks.topology import EXCHANGE_EVENTS, routing_key
from streams.events import UNREADABLE, Job, Reject, decode_batch, encode
from streams.log import setup
from streams.quality import refused, warnings
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
            now_ms = time.time_ns() // 1_000_000
            handed = [out for record in run.records for out in jobs_of(settings, record, now_ms)]
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
    topic = app.settings.topic("rejects")
    rejects = [encode(item) for item in handed if isinstance(item, Reject)]
    await asyncio.gather(*(app.producer.send_and_wait(topic, None, value, None, None, None) for value in rejects))
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


def jobs_of(settings: Settings, record: ConsumerRecord, now_ms: int) -> Sequence[Job | Reject]:
    """One job per event and destination, or a reject where it would be refused; one reject for what is no batch of
    a known tenant."""
    try:
        batch = decode_batch(record.value or b"")
    except UNREADABLE:
        return [reject_of(record, "not a batch")]
    tenant = settings.tenant_map.get(batch.tenant)
    if tenant is None:
        return [reject_of(record, f"batch {batch.batch_id} of a tenant that is no longer in the tenants file")]
    return [_counted(checked, record) for checked in jobs(batch, tenant, now_ms)]


def _counted(checked: Checked, record: ConsumerRecord) -> Job | Reject:
    job, problems = checked
    about = (job.event.tenant, job.platform)
    for problem in warnings(problems):
        JOB_WARNINGS.labels(*about, problem.field).inc()
    found = refused(problems)
    if not found:
        MATCH_SCORE.labels(*about).observe(job.score)
        return job
    JOBS_REFUSED.labels(*about, found[0].code).inc()
    return msgspec.structs.replace(
        reject_of(record, found[0].reason),
        field=found[0].field,
        fix=found[0].fix,
        tenant=job.event.tenant,
        event_id=job.event.event_id,
        platform=job.platform,
        pixel_id=job.pixel_id,
    )


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
