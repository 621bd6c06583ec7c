"""`POST /v1/batches`: a client site's batches. 202 when RabbitMQ has confirmed the jobs that became of one.

A crash between the confirms and the mark in Redis means that the site's next POST publishes the jobs again, with
the same ids; delivery, which asks for those, sends each once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from hashlib import sha256

import structlog
from aiohttp import web
from prometheus_client import Counter

from agents.batch_jobs import Source, as_message, count_published, jobs_of, queued, trace_jobs
from agents.collect.batch_shapes import BatchAnswer, SiteAnswer, batches_api
from agents.collect.body import inflated, wire_body
from agents.collect.part import Part
from agents.collect.problems import Problem, json_response, later
from agents.collect.rabbit_watch import RabbitWatch
from agents.collect.sites import Sender, Sites
from agents.rejects import record_of
from sinks.gateway.client import BATCH_ID, PATH
from sinks.gateway.taken import TakenBatches
from sinks.platforms import check_known
from sinks.rabbit import Message, Publisher, PublishError
from sinks.records import NotWrittenError, Writer
from sinks.topology import EXCHANGE_EVENTS
from sinks.traces import traces_of
from streams.clear_text import clear_in
from streams.events import UNREADABLE, Batch, Job, Reject, decode_batch, encode
from streams.log import about
from streams.runs import Outgoing
from streams.settings import Settings
from streams.signing import ID

log = structlog.get_logger(__name__)

BATCHES = Counter("capi_gateway_batches_total", "Batches that client sites sent", ["site", "outcome"])


def batches_part(settings: Settings, writer: Writer, publisher: Publisher | None = None) -> Part:
    """`writer` is running already. Without sites in the tenants file there is nothing to serve."""
    if not settings.tenant_map.sites:
        return Part(routes=[])
    check_known(settings.tenant_map)
    door = BatchesDoor(settings, writer, publisher or Publisher(settings, "capi gateway"))

    async def running(_: web.Application) -> AsyncIterator[None]:
        watching = asyncio.create_task(door.rabbit.watch())
        yield
        watching.cancel()
        await door.close()

    routes = [web.post(PATH, door.post), web.get(PATH, door.greet)]
    return Part(routes=routes, context=running, why_not=door.rabbit.why_not, api=batches_api(PATH))


class BatchesDoor:
    def __init__(self, settings: Settings, writer: Writer, publisher: Publisher) -> None:
        self._settings, self._writer, self._publisher = settings, writer, publisher
        self._sites = Sites(settings.tenant_map)
        self._taken = TakenBatches(settings)
        self._traces = traces_of(settings, "gateway")
        self._publishing = 0
        self.rabbit = RabbitWatch(publisher)

    async def greet(self, request: web.Request) -> web.Response:
        """For `capi doctor` at the site: who it is here, and whether its batches would be taken now."""
        name, site = self._sites.identify(request, b"")
        return json_response(SiteAnswer(name, list(site.tenants), not self.rabbit.why_not()))

    async def post(self, request: web.Request) -> web.Response:
        settings = self._settings
        wire = await wire_body(request, settings.collect_body_bytes, settings.collect_body_s)
        sender = self._sites.identify(request, wire)
        ids: Mapping[str, object] = {}
        try:
            body = inflated(wire, request.headers.get("Content-Encoding", ""), settings.collect_inflated_bytes)
            batch = read_batch(body, request.headers, sender)
            ids = _ids_of(batch)
            _refuse_clear_text(batch)
            answer = await self._answer(batch, sha256(body).hexdigest(), sender)
        except Problem as problem:
            BATCHES.labels(sender.name, problem.code).inc()
            tell = log.warning if problem.status < 500 else log.debug
            tell("a batch is not taken", site=sender.name, **ids, code=problem.code, field=problem.body.field)
            raise
        BATCHES.labels(sender.name, "repeated" if answer.repeated else "taken").inc()
        return json_response(answer, 202)

    async def _answer(self, batch: Batch, digest: str, sender: Sender) -> BatchAnswer:
        known = await self._taken.digest(sender.name, batch.batch_id)
        if known == digest:
            return BatchAnswer(batch.batch_id, repeated=True)
        if known:
            raise Problem(409, "other_batch", "another batch was taken under this id", "see the site's Kafka")
        answer = await self._take(batch, sender)
        await self._taken.remember(sender.name, batch.batch_id, digest)
        return answer

    async def _take(self, batch: Batch, sender: Sender) -> BatchAnswer:
        """The jobs first: rejects would be written again for each attempt that RabbitMQ does not take."""
        # of the events, not the batch, whose record is in the site's Kafka
        source = Source(f"{sender.name}:{PATH}", batch.partition, batch.first_offset)
        tenant = self._settings.tenant_map.tenants[batch.tenant]
        start_ms = _now_ms()
        made = jobs_of(batch, tenant, source, start_ms)
        jobs = [item for item in made if isinstance(item, Job)]
        rejects = [item for item in made if isinstance(item, Reject)]
        await self._publish([as_message(job) for job in jobs])
        if self._traces is not None:
            trace_jobs(self._traces, jobs, start_ms, _now_ms())
        if rejects:
            await self._write(rejects)
        if jobs:
            await self._tell(jobs)
        return BatchAnswer(batch.batch_id, len(jobs), len(rejects))

    async def _publish(self, jobs: Sequence[Message]) -> None:
        """While RabbitMQ is blocked one batch tries, as long as a confirm may take; the others need not wait."""
        if self._publisher.blocked and self._publishing:
            raise later("rabbitmq_blocked", "RabbitMQ takes nothing at present")
        self._publishing += 1
        try:
            await self._publisher.publish(EXCHANGE_EVENTS, jobs)
        except PublishError as error:
            raise later("rabbitmq_unavailable", str(error)) from None
        finally:
            self._publishing -= 1
        count_published(jobs)

    async def _write(self, rejects: Sequence[Reject]) -> None:
        try:
            await self._writer.write([record_of(self._settings, reject) for reject in rejects])
        except NotWrittenError as error:
            raise later("kafka_unavailable", str(error)) from None

    async def _tell(self, jobs: Sequence[Job]) -> None:
        """The ledger. When Kafka does not take it the batch is taken all the same: the ledger learns of the jobs
        by their outcomes and lacks only when they were queued, while a 503 would have them all queued again."""
        told = queued(jobs, _now_ms())
        try:
            await self._writer.write([Outgoing(self._settings.topic("ledger.in"), told.key, encode(told))])
        except NotWrittenError as error:
            ids = about(jobs[0].event)
            log.warning("the ledger was not told what is queued", **ids, batch_id=told.batch_id, why=str(error))

    async def close(self) -> None:
        await self._publisher.close()
        await self._taken.close()


def read_batch(body: bytes, headers: Mapping[str, str], sender: Sender) -> Batch:
    """A batch that the site may send. Raises Problem 403 or 422."""
    try:
        batch = decode_batch(body)
    except UNREADABLE:
        raise Problem(422, "not_a_batch", "the body is no batch", "both sites need the same release") from None
    if not BATCH_ID.fullmatch(batch.batch_id):
        raise Problem(422, "bad_batch_id", "is no batch id", "", "batch_id")
    if sender.site.secrets and headers.get(ID) != batch.batch_id:
        raise Problem(422, "other_id", "webhook-id is not the batch's id", "", "batch_id")
    if batch.tenant not in sender.site.tenants:
        raise Problem(
            403, "tenant_not_allowed", "the site may not send for this tenant", "add it to the site here", "tenant"
        )
    for index, enriched in enumerate(batch.events):
        if (enriched.event.tenant, enriched.event.session_id) != (batch.tenant, batch.session_id):
            raise Problem(422, "mixed_batch", "an event is not the batch's", "", f"events[{index}]")
    return batch


def _refuse_clear_text(batch: Batch) -> None:
    """Raises Problem 422."""
    for index, enriched in enumerate(batch.events):
        if field := clear_in(enriched.event):
            raise Problem(
                422,
                "clear_text",
                "an event holds personal data in the clear",
                "both sites need the same release; an id must say nothing of a person",
                f"events[{index}].event.{field}",
            )


def _ids_of(batch: Batch) -> dict[str, object]:
    ids = about(batch.events[0].event) if batch.events else {"tenant": batch.tenant}
    return {**ids, "n": len(batch.events), "batch_id": batch.batch_id}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
