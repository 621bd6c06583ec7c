"""What the agents count, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ADMITTED = Counter("capi_events_admitted_total", "Events that passed the door", ["tenant"])
DENIED = Counter(
    "capi_events_denied_total", "Of those, denials of consent: stripped of everything else", ["tenant"]
)
ROBOTS = Counter("capi_events_robots_total", "Of those, marked because their agent is a crawler's", ["tenant"])
REJECTED = Counter("capi_events_rejected_total", "Records that did not pass the door", ["tenant", "reason"])
FIELDS_DROPPED = Counter(
    "capi_fields_dropped_total", "Fields that could not be used", ["tenant", "field", "reason"]
)
DUPLICATES = Counter("capi_duplicates_total", "Events whose event_id the session had seen", ["tenant"])
FLUSHES = Counter("capi_flushes_total", "Batches that left a session window", ["tenant", "reason"])
EVENTS_LEFT = Counter("capi_events_flushed_total", "Events in those batches", ["tenant"])
JOBS = Counter("capi_jobs_published_total", "Jobs that RabbitMQ confirmed", ["platform"])
JOBS_REFUSED = Counter(
    "capi_jobs_refused_total", "Jobs that their platform would refuse", ["tenant", "platform", "reason"]
)
JOB_WARNINGS = Counter(
    "capi_job_warnings_total", "Fields left out of jobs, or missed in them", ["tenant", "platform", "field"]
)
# not by event name: shops have names of their own, without bound
MATCH_SCORE = Histogram(
    "capi_match_score", "Estimated match score of jobs", ["tenant", "platform"], buckets=tuple(range(1, 11))
)
RECALLS_ASKED = Counter("capi_recalls_asked_total", "Questions of sessions to the memory of visitors", ["tenant"])
RECALLS_USED = Counter("capi_recalls_used_total", "Events that left with what an earlier visit told", ["tenant"])
VISITORS = Counter("capi_visitors_total", "What sessions said to the memory, and what it did", ["tenant", "what"])
VISITORS_STORED = Gauge("capi_visitors_stored", "Visitors that this worker remembers")
SESSIONS_OPEN = Gauge("capi_sessions_open", "Sessions of this worker that hold events")
EVENTS_HELD = Gauge("capi_events_held", "Events that those hold")
NEXT_DEADLINE = Gauge(
    "capi_next_deadline_timestamp_seconds", "Log time of the earliest deadline of a session, Unix; 0 without any"
)
# by group, not by role: targets have a label `role` of their own, and Prometheus would rename ours
GROUP_LAG = Gauge(
    "capi_group_lag_records", "Records that a role has not read, whether it runs or not", ["group", "topic"]
)
GROUP_AGE = Gauge("capi_group_lag_seconds", "Age of the oldest of those; 0 without any", ["group", "topic"])
QUEUE_MESSAGES = Gauge(
    "capi_queue_messages",
    "Messages of a RabbitMQ queue; state is ready, unacked, or leaving: dead-lettered and not confirmed yet",
    ["queue", "state"],
)
LEDGER_EVENTS = Gauge("capi_ledger_events", "Events that this ledger worker remembers")
