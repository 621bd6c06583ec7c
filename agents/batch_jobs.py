"""What a batch becomes: jobs for RabbitMQ, and rejects where a platform would refuse. Dispatch and the central
site's gateway do the same with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import structlog
from aiokafka.structs import ConsumerRecord

from agents.counters import JOB_WARNINGS, JOBS, JOBS_REFUSED, MATCH_SCORE
from sinks.jobs import Checked, jobs
from sinks.rabbit import Message
from sinks.topology import routing_key
from sinks.traces import Attributes, Traces
from streams.events import Batch, Event, Job, Queued, QueuedJob, Reject, encode
from streams.log import about
from streams.quality import refused, warnings
from streams.tenants import Tenant

log = structlog.get_logger(__name__)


class Source(NamedTuple):
    """Where a batch is from, as rejects say it."""

    topic: str
    partition: int
    offset: int

    def reject(self, reason: str, field: str = "", fix: str = "", event: Event | None = None) -> Reject:
        """Where and whose it is and why it was left out, never what it holds."""
        found = Reject(
            topic=self.topic, partition=self.partition, offset=self.offset, reason=reason, field=field, fix=fix
        )
        return msgspec.structs.replace(found, **about(event)) if event else found


def source_of(record: ConsumerRecord) -> Source:
    return Source(record.topic, record.partition, record.offset)


def jobs_of(batch: Batch, tenant: Tenant, source: Source, now_ms: int) -> Sequence[Job | Reject]:
    """One job per event and destination, or a reject where it would be refused; counted."""
    return [_counted(checked, source) for checked in jobs(batch, tenant, now_ms)]


def rejects_of(batch: Batch, source: Source, reason: str, field: str = "", fix: str = "") -> Sequence[Reject]:
    """A batch that is not taken at all: one for each event, so that its trace ends with why."""
    if not batch.events:
        return [source.reject(reason, field, fix)]
    events = [enriched.event for enriched in batch.events]
    batch_id, size = batch.batch_id, len(events)
    log.error("a batch is given up", **about(events[0]), n=size, batch_id=batch_id, field=field, why=reason)
    return [source.reject(reason, field, fix, event) for event in events]


def _counted(checked: Checked, source: Source) -> Job | Reject:
    job, problems = checked
    labels = (job.event.tenant, job.platform)
    for problem in warnings(problems):
        JOB_WARNINGS.labels(*labels, problem.field).inc()
    found = refused(problems)
    if not found:
        MATCH_SCORE.labels(*labels).observe(job.score)
        return job
    JOBS_REFUSED.labels(*labels, found[0].code).inc()
    return msgspec.structs.replace(
        source.reject(found[0].reason, found[0].field, found[0].fix, job.event),
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


def queued(jobs: Sequence[Job], at_ms: int) -> Queued:
    """What the ledger hears of a batch's jobs, at least one, that RabbitMQ has confirmed."""
    told = (QueuedJob(job.platform, job.pixel_id, job.event.event_id, job.event_name, job.score) for job in jobs)
    batch_id, event = jobs[0].batch_id, jobs[0].event
    return Queued(
        batch_id=batch_id, tenant=event.tenant, session_id=event.session_id, at_ms=at_ms, jobs=tuple(told)
    )


def count_published(messages: Iterable[Message]) -> None:
    for message in messages:
        JOBS.labels(message.routing_key.partition(".")[0]).inc()


def trace_jobs(traces: Traces, jobs: Iterable[Job], start_ms: int, end_ms: int) -> None:
    """RabbitMQ has them; the time is that of the batch or run that they were in."""
    for job in jobs:
        what: Attributes = {"capi.platform": job.platform, "capi.match_score": job.score}
        to = f"{job.platform}|{job.pixel_id}"
        traces.tell("dispatch", job.event.tenant, job.event.event_id, start_ms, end_ms, what, destination=to)
