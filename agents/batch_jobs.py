"""What a batch becomes: jobs for RabbitMQ, and rejects where a platform would refuse. Dispatch and the central
site's gateway do the same with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from agents.counters import JOB_WARNINGS, JOBS, JOBS_REFUSED, MATCH_SCORE
from sinks.jobs import Checked, jobs
from sinks.rabbit import Message
from sinks.topology import routing_key
from streams.events import Batch, Job, Queued, QueuedJob, Reject, encode
from streams.quality import refused, warnings
from streams.tenants import Tenant


class Source(NamedTuple):
    """Where a batch is from, as rejects say it."""

    topic: str
    partition: int
    offset: int

    def reject(self, reason: str, field: str = "", fix: str = "") -> Reject:
        """Where it is and why it was left out, never what it holds."""
        return Reject(
            topic=self.topic, partition=self.partition, offset=self.offset, reason=reason, field=field, fix=fix
        )


def jobs_of(batch: Batch, tenant: Tenant, source: Source, now_ms: int) -> Sequence[Job | Reject]:
    """One job per event and destination, or a reject where it would be refused; counted."""
    return [_counted(checked, source) for checked in jobs(batch, tenant, now_ms)]


def _counted(checked: Checked, source: Source) -> Job | Reject:
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
        source.reject(found[0].reason, found[0].field, found[0].fix),
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
