"""From a flushed batch to jobs: one per event and destination. Pure; the dispatch agent calls it."""

from __future__ import annotations

from sinks.platforms import PLATFORM_RULES
from streams.events import Batch, Enriched, Job
from streams.tenants import Destination, Tenant


def jobs(batch: Batch, tenant: Tenant) -> list[Job]:
    """Jobs in the batch's order of events. Left out: identities, names that a destination does not take, and
    events without consent, which must not even wait in a queue."""
    return [
        job
        for enriched in batch.events
        if enriched.event.consent != "denied"
        for destination in tenant.destinations
        if (job := _job(batch, enriched, destination)) is not None
    ]


def _job(batch: Batch, enriched: Enriched, destination: Destination) -> Job | None:
    name = destination_name(destination, enriched.event.event_name)
    if not name:
        return None
    return Job(
        platform=destination.platform,
        pixel_id=destination.pixel_id,
        event_name=name,
        batch_id=batch.batch_id,
        event=enriched.event,
        backfilled=tuple(sorted(enriched.backfilled)),
    )


def destination_name(destination: Destination, event_name: str) -> str | None:
    """The event's name at a destination. The tenant's override goes first; "" there, or None, means: not sent."""
    if event_name == "Identify":
        return None
    override = destination.event_names.get(event_name)
    return override if override is not None else PLATFORM_RULES[destination.platform].event_name(event_name)
