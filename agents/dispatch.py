"""The sink agent: `faust -A agents.dispatch worker`. Reads `batches`, and hands one job per event and destination
to RabbitMQ, or with CAPI_GATEWAY_URL each batch to the central site, which does that. Rejects go to `rejects`.
Kafka progress only after RabbitMQ's confirms or the centre's 202: at least once, with deterministic ids."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import structlog
from aiokafka.structs import ConsumerRecord

from agents import batch_jobs
from agents.batch_jobs import Source, as_message, count_published
from sinks.gateway import Gateway
from sinks.platforms import check_known
from sinks.rabbit import Publisher, PublishError
from sinks.topology import EXCHANGE_EVENTS
from streams.events import UNREADABLE, Job, Reject, decode_batch, encode
from streams.log import setup
from streams.runs import Run, RunApp
from streams.settings import Settings, load_settings

log = structlog.get_logger(__name__)

FIRST_PAUSE_S, MOST_PAUSE_S = 0.2, 10.0


class Way(Protocol):
    """Where batches go."""

    async def hand_over(self, records: Sequence[ConsumerRecord]) -> Sequence[Reject]:
        """Returns when everything is confirmed, however long that takes, with what cannot go that way."""

    async def close(self) -> None: ...


def create_app(settings: Settings) -> RunApp:
    check_known(settings.tenant_map)
    app = RunApp(settings, "dispatch", source="batches", transactional=False)
    way = ToCentre(settings) if settings.gateway_url else ToQueues(settings)

    @app.run_agent
    async def dispatch(runs: AsyncIterator[Run]) -> None:
        async for run in runs:
            if await run.attempt(_hand_over(app, way, run.records)):
                await run.done()
            else:
                run.drop()

    async def close(*_: object, **__: object) -> None:
        await way.close()

    app.on_before_shutdown.connect(close)
    return app


async def _hand_over(app: RunApp, way: Way, records: Sequence[ConsumerRecord]) -> None:
    topic = app.settings.topic("rejects")
    rejects = [encode(reject) for reject in await way.hand_over(records)]
    await asyncio.gather(*(app.producer.send_and_wait(topic, None, value, None, None, None) for value in rejects))


class ToQueues:
    """RabbitMQ being down is a wait, not an error."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._publisher = Publisher(settings)

    async def hand_over(self, records: Sequence[ConsumerRecord]) -> Sequence[Reject]:
        now_ms = time.time_ns() // 1_000_000
        handed = [out for record in records for out in jobs_of(self._settings, record, now_ms)]
        messages = [as_message(item) for item in handed if isinstance(item, Job)]
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self._publisher.publish(EXCHANGE_EVENTS, messages)
            except PublishError as error:
                log.warning("RabbitMQ did not take the jobs; trying again", jobs=len(messages), why=str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, MOST_PAUSE_S)
            else:
                break
        count_published(messages)
        return [item for item in handed if isinstance(item, Reject)]

    async def close(self) -> None:
        await self._publisher.close()


class ToCentre:
    """The tenants' destinations and tokens are the centre's; this site's file needs neither."""

    def __init__(self, settings: Settings) -> None:
        self._gateway = Gateway(settings)

    async def hand_over(self, records: Sequence[ConsumerRecord]) -> Sequence[Reject]:
        refusals = await self._gateway.send([record.value or b"" for record in records])
        return [
            source_of(record).reject(refusal.reason, refusal.field, refusal.fix)
            for record, refusal in zip(records, refusals, strict=True)
            if refusal is not None
        ]

    async def close(self) -> None:
        await self._gateway.close()


def jobs_of(settings: Settings, record: ConsumerRecord, now_ms: int) -> Sequence[Job | Reject]:
    """One reject for what is no batch of a known tenant."""
    source = source_of(record)
    try:
        batch = decode_batch(record.value or b"")
    except UNREADABLE:
        return [source.reject("not a batch")]
    tenant = settings.tenant_map.get(batch.tenant)
    if tenant is None:
        return [source.reject(f"batch {batch.batch_id} of a tenant that is no longer in the tenants file")]
    return batch_jobs.jobs_of(batch, tenant, source, now_ms)


def source_of(record: ConsumerRecord) -> Source:
    return Source(record.topic, record.partition, record.offset)


def _main() -> RunApp:
    settings = load_settings()
    setup(settings, "dispatch")
    return create_app(settings)


app = _main()
