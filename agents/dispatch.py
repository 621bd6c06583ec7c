"""The sink agent: `faust -A agents.dispatch worker`. Reads `batches`, and hands one job per event and destination
to RabbitMQ, or with CAPI_GATEWAY_URL each batch to the central site, which does that. Rejects go to `rejects`,
what was queued to `ledger.in`.
Kafka progress only after RabbitMQ's confirms or the centre's 202: at least once, with deterministic ids."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Protocol

import structlog
from aiokafka.structs import ConsumerRecord

from agents import batch_jobs
from agents.batch_jobs import as_message, count_published, queued, rejects_of, source_of, trace_jobs
from agents.metrics import serve_metrics
from agents.rejects import record_of
from agents.to_centre import ToCentre
from sinks.platforms import check_known
from sinks.rabbit import Publisher, PublishError
from sinks.topology import EXCHANGE_EVENTS
from sinks.traces import traces_of
from streams.events import UNREADABLE, Job, Reject, decode_batch, encode
from streams.log import about, setup
from streams.runs import Outgoing, Run, RunApp
from streams.settings import Settings, load_settings

log = structlog.get_logger(__name__)

FIRST_PAUSE_S, MOST_PAUSE_S = 0.2, 10.0


class Way(Protocol):
    """Where batches go."""

    async def hand_over(self, records: Sequence[ConsumerRecord]) -> Sequence[Outgoing]:
        """Returns when everything is confirmed, however long that takes, with what is to be said of it in Kafka:
        rejects of what cannot go that way, and for the ledger what is queued."""

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
    serve_metrics(app)
    return app


async def _hand_over(app: RunApp, way: Way, records: Sequence[ConsumerRecord]) -> None:
    told = await way.hand_over(records)
    await asyncio.gather(
        *(app.producer.send_and_wait(out.topic, out.key, out.value, out.partition, None, None) for out in told)
    )


class ToQueues:
    """RabbitMQ being down is a wait, not an error."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._publisher = Publisher(settings)
        self._traces = traces_of(settings, "dispatch")

    async def hand_over(self, records: Sequence[ConsumerRecord]) -> Sequence[Outgoing]:
        now_ms = _now_ms()
        made = [(record, jobs_of(self._settings, record, now_ms)) for record in records]
        jobs = [item for _, items in made for item in items if isinstance(item, Job)]
        await self._publish(jobs)
        queued_ms = _now_ms()
        if self._traces is not None:
            trace_jobs(self._traces, jobs, now_ms, queued_ms)
        return [out for record, items in made for out in told_of(self._settings, record, items, queued_ms)]

    async def _publish(self, jobs: Sequence[Job]) -> None:
        messages, pause_s = [*map(as_message, jobs)], FIRST_PAUSE_S
        while messages:
            try:
                await self._publisher.publish(EXCHANGE_EVENTS, messages)
            except PublishError as error:
                log.warning(
                    "RabbitMQ did not take the jobs; trying again",
                    **about(jobs[0].event),
                    n=len(jobs),
                    why=str(error),
                )
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, MOST_PAUSE_S)
            else:
                count_published(messages)
                return

    async def close(self) -> None:
        await self._publisher.close()


def jobs_of(settings: Settings, record: ConsumerRecord, now_ms: int) -> Sequence[Job | Reject]:
    """Rejects for what is no batch of a known tenant."""
    source = source_of(record)
    try:
        batch = decode_batch(record.value or b"")
    except UNREADABLE:
        return [source.reject("not a batch")]
    tenant = settings.tenant_map.get(batch.tenant)
    if tenant is None:
        why = f"batch {batch.batch_id} of a tenant that is no longer in the tenants file"
        return rejects_of(batch, source, why)
    return batch_jobs.jobs_of(batch, tenant, source, now_ms)


def told_of(
    settings: Settings, record: ConsumerRecord, items: Sequence[Job | Reject], queued_ms: int
) -> Iterator[Outgoing]:
    """What Kafka is told of one batch. Partition n of `batches` and of `ledger.in` are of the same sessions."""
    jobs = [item for item in items if isinstance(item, Job)]
    if jobs:
        told = queued(jobs, queued_ms)
        yield Outgoing(settings.topic("ledger.in"), told.key, encode(told), record.partition)
    for item in items:
        if isinstance(item, Reject):
            yield record_of(settings, item)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _main() -> RunApp:
    settings = load_settings()
    setup(settings, "dispatch")
    return create_app(settings)


app = _main()
