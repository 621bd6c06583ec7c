"""The questions that the ledger answers. A question goes to every ledger worker; `merge` joins their answers.

`tenants` bounds what may be seen: None is everything. The console sets it by the user's scope, never by what the
browser says. Times are Unix milliseconds; `until_ms` 0 is now. An answer's shape: :mod:`streams.ledger.answers`.
"""

from __future__ import annotations

import msgspec

from streams.events import Record

Tenants = tuple[str, ...] | None


class TraceOf(Record, frozen=True, tag="trace", tag_field="ask"):
    """All that is known of an event id. Answer: Traces."""

    event_id: str
    tenants: Tenants = None


class SessionOf(Record, frozen=True, tag="session", tag_field="ask"):
    """All events that left one session. Answer: Traces."""

    tenant: str
    session_id: str
    tenants: Tenants = None


class CountsOf(Record, frozen=True, tag="counts", tag_field="ask"):
    """Counters by time, tenant, platform and pixel. `step_ms` 60,000 or 3,600,000. Answer: Counts."""

    since_ms: int
    until_ms: int = 0
    step_ms: int = 60_000
    tenants: Tenants = None


class QualityOf(Record, frozen=True, tag="quality", tag_field="ask"):
    """Match keys, scores, browser copies and freshness per event name. Answer: Quality."""

    since_ms: int
    until_ms: int = 0
    tenants: Tenants = None


class RejectsOf(Record, frozen=True, tag="rejects", tag_field="ask"):
    """What was not taken: the newest first, and counts by reason. Answer: Rejects."""

    since_ms: int
    until_ms: int = 0
    limit: int = 100
    tenants: Tenants = None


class RecentOf(Record, frozen=True, tag="recent", tag_field="ask"):
    """What came by since `after_ms`, oldest first, the newest `limit` of it. "" matches everything.

    `kinds` of: flushed, queued, delivered, retry, parked, rejected. `text` is a part of an event id, session id,
    event name or reason. Answer: Recent.
    """

    after_ms: int = 0
    kinds: tuple[str, ...] = ()
    tenant: str = ""
    platform: str = ""
    event_name: str = ""
    text: str = ""
    limit: int = 200
    tenants: Tenants = None


class AuditOf(Record, frozen=True, tag="audit", tag_field="ask"):
    """Who did what, the newest first. Entries without a tenant are seen by those who see all. Answer: Audit.

    `behind` is time and note_id of an entry: only what comes behind it then, also of its own millisecond.
    """

    since_ms: int = 0
    until_ms: int = 0
    behind: tuple[int, str] | None = None
    who: str = ""
    what: str = ""
    limit: int = 200
    tenants: Tenants = None


class HoldsOf(Record, frozen=True, tag="holds", tag_field="ask"):
    """How many visits and events of a person are remembered. `digest`: lower-case hex SHA-256. Answer: Holds."""

    tenant: str
    field: str
    digest: str
    tenants: Tenants = None


class ClusterOf(Record, frozen=True, tag="cluster", tag_field="ask"):
    """The ledger's own workers: partitions, how far each has read. Answer: Cluster."""

    tenants: Tenants = None


Query = TraceOf | SessionOf | CountsOf | QualityOf | RejectsOf | RecentOf | AuditOf | HoldsOf | ClusterOf

decode_query = msgspec.json.Decoder(Query).decode
