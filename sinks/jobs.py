"""From a flushed batch to jobs: one per event and destination, checked and scored. Pure; dispatch calls it."""

from __future__ import annotations

from typing import NamedTuple

from sinks.platforms import PLATFORM_RULES
from streams import quality
from streams.events import Batch, Enriched, Job
from streams.quality import Problem
from streams.tenants import Destination, Tenant


class Checked(NamedTuple):
    """A job, and what its platform's preflight says of it. With a refused problem it must not be queued."""

    job: Job
    problems: tuple[Problem, ...]


def jobs(batch: Batch, tenant: Tenant, now_ms: int) -> list[Checked]:
    """Jobs in the batch's order of events. Left out: identities, names that a destination does not take, and
    events without consent, which must not even wait in a queue."""
    return [
        Checked(job, PLATFORM_RULES[job.platform].preflight(job, now_ms))
        for enriched in batch.events
        if enriched.event.consent != "denied"
        for destination in tenant.destinations
        if (job := job_for(enriched, destination, batch.batch_id, batch.flushed_at_ms)) is not None
    ]


def job_for(enriched: Enriched, destination: Destination, batch_id: str, left_ms: int = 0) -> Job | None:
    """The job with its score; None when the destination does not take such events."""
    name = destination_name(destination, enriched.event.event_name)
    here = destination.action_sources
    if not name or (here and enriched.event.action_source not in here):
        return None
    return Job(
        platform=destination.platform,
        pixel_id=destination.pixel_id,
        event_name=name,
        batch_id=batch_id,
        event=enriched.event,
        backfilled=tuple(sorted(enriched.backfilled)),
        score=quality.score(quality.person(enriched.event).user, destination.platform).value,
        left_ms=left_ms,
    )


def destination_name(destination: Destination, event_name: str) -> str | None:
    """The event's name at a destination. The tenant's override goes first; "" there, or None, means: not sent."""
    if event_name == "Identify":
        return None
    override = destination.event_names.get(event_name)
    return override if override is not None else PLATFORM_RULES[destination.platform].event_name(event_name)
