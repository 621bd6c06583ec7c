"""What the agents count, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter

ADMITTED = Counter("capi_events_admitted_total", "Events that passed the door", ["tenant"])
REJECTED = Counter("capi_events_rejected_total", "Records that did not pass the door", ["tenant"])
FIELDS_DROPPED = Counter("capi_fields_dropped_total", "User fields that could not be used", ["tenant", "field"])
DUPLICATES = Counter("capi_duplicates_total", "Events whose event_id the session had seen", ["tenant"])
FLUSHES = Counter("capi_flushes_total", "Batches that left a session window", ["tenant", "reason"])
EVENTS_LEFT = Counter("capi_events_flushed_total", "Events in those batches", ["tenant"])
JOBS = Counter("capi_jobs_published_total", "Jobs that RabbitMQ confirmed", ["platform"])
