"""What the ledger answers. Everything here may be shown to whoever may see the tenant: no clear personal data.

`missing` of an answer are the addresses of workers that did not answer, so that it lacks what they know.
"""

from __future__ import annotations

from typing import Literal

from streams.events import FlushReason, Noted, Record

JobState = Literal[
    "queued",  # in RabbitMQ, no attempt yet
    "retry",  # attempted, waits for the next attempt
    "waiting",  # its pixel's lane is stopped: attempts that cost no attempt
    "delivered",
    "parked",
    "dropped",  # by a person, or by the policy `discard`
]


class AttemptTrace(Record, frozen=True):
    """One attempt to deliver, as `capi.outcomes` told it."""

    at_ms: int
    attempt: int
    outcome: str
    code: str = ""
    why: str = ""
    trace_id: str = ""
    http_status: int = 0
    latency_ms: int = 0
    retry_in_s: float = 0
    parked: bool = False


class JobTrace(Record, frozen=True):
    """One event on its way to one pixel. `queued_ms` 0: an outcome was heard of, its queueing not (yet)."""

    platform: str
    pixel_id: str
    event_name: str = ""
    state: JobState = "queued"
    queued_ms: int = 0
    score: float = 0.0
    age_ms: int = 0  # at delivery, from the event's own time
    attempts: tuple[AttemptTrace, ...] = ()


class EventTrace(Record, frozen=True):
    """The way of one event. Times are log times in Unix ms, 0 when not heard of; `event_time_ms` is its own.

    `fields` are the user-data fields that it left with, `backfilled` maps those of them that it did not bring
    itself to the event id that did, or to `visitor:<kind>`. `digests` shows the first 8 hex digits of hashed ones.
    """

    tenant: str
    session_id: str
    event_id: str
    event_name: str = ""
    event_time_ms: int = 0
    received_ms: int = 0
    opened_ms: int = 0
    flushed_ms: int = 0
    reason: FlushReason | Literal[""] = ""
    batch_id: str = ""
    partition: int = -1
    offset: int = -1  # of the first event of its batch, in capi.sessions.in
    consent: str = ""
    browser_fired: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    backfilled: dict[str, str] = {}
    digests: dict[str, str] = {}
    jobs: tuple[JobTrace, ...] = ()


class RejectSeen(Record, frozen=True):
    """A record that was not taken, or an event that one destination would refuse."""

    at_ms: int
    reason: str
    topic: str
    partition: int
    offset: int
    field: str = ""
    fix: str = ""
    tenant: str = ""
    event_id: str = ""
    platform: str = ""
    pixel_id: str = ""


class Traces(Record, frozen=True):
    events: tuple[EventTrace, ...] = ()
    rejects: tuple[RejectSeen, ...] = ()
    missing: tuple[str, ...] = ()


class Point(Record, frozen=True):
    """Counts of one span of time that begins at `at_ms`. `platform` and `pixel_id` are "" for what has none.

    Names in `counts`, without a platform: events (that left sessions), batches, `flush_<reason>`, enriched
    (events with a backfill), rejected. With one: queued, refused, attempts, delivered, duplicate, throttled,
    transient, misconfigured, invalid, expired, parked, dropped, posts, latency_ms (their sum), of the jobs
    queued in this span acknowledged (a platform took them by now) and ended (parked, dropped or erased by now),
    and the histogram of age at delivery `age_<bound>` per AGE_BOUNDS_S (not cumulative), `age_more`; the same of
    purchases alone as `purchase_age_<bound>`. POSTs by duration are `post_<bound>` per POST_BOUNDS_MS, and
    `post_more`; `posts` and `latency_ms` count a POST once for each of its jobs. `probe_ms` is when a lane that
    was closed last may POST again.
    """

    at_ms: int
    tenant: str
    platform: str = ""
    pixel_id: str = ""
    counts: dict[str, int] = {}


POST_BOUNDS_MS = (50, 100, 200, 350, 500, 750, 1_000, 1_500, 2_500, 5_000, 10_000, 30_000)
AGE_BOUNDS_S = (1, 5, 30, 120, 300, 1800, 3600, 7200, 14_400, 86_400, 172_800, 604_800)


class Counts(Record, frozen=True):
    points: tuple[Point, ...] = ()
    missing: tuple[str, ...] = ()


class QualityRow(Record, frozen=True):
    """One event name of a tenant at one pixel. Shares are for the reader to make.

    `events` counts jobs: an event for two pixels of a platform is in both rows. `pixel_id` is "" of what was
    counted by a release that added them up. `own` and `backfilled` count them per field. `score_sum` / `scored` is
    the mean match score. Twins: events whose browser copy fired, delivered in 5 min (`merged`), later but in 48 h
    (`discarded` by the platform as a second copy), after that (`twice`). `alone`: no browser copy. `age_…` as in
    Point.
    """

    tenant: str
    platform: str
    event_name: str
    pixel_id: str = ""
    events: int = 0
    own: dict[str, int] = {}
    backfilled: dict[str, int] = {}
    score_sum: float = 0.0
    scored: int = 0
    delivered: int = 0
    merged: int = 0
    discarded: int = 0
    twice: int = 0
    alone: int = 0
    ages: dict[str, int] = {}


class Quality(Record, frozen=True):
    rows: tuple[QualityRow, ...] = ()
    missing: tuple[str, ...] = ()


class ReasonCount(Record, frozen=True):
    reason: str
    field: str
    tenant: str
    platform: str
    count: int
    last_ms: int


class Rejects(Record, frozen=True):
    newest: tuple[RejectSeen, ...] = ()
    reasons: tuple[ReasonCount, ...] = ()
    missing: tuple[str, ...] = ()


LINE_KINDS = ("flushed", "queued", "delivered", "retry", "parked", "rejected")


class Line(Record, frozen=True):
    """One line of the live view. `line_id` is unique and the same from every worker, for who reads twice."""

    line_id: str
    at_ms: int
    kind: str  # one of LINE_KINDS
    tenant: str = ""
    session_id: str = ""
    event_id: str = ""
    event_name: str = ""
    platform: str = ""
    pixel_id: str = ""
    what: str = ""  # reason of the flush, outcome and code, reason of the reject


class Recent(Record, frozen=True):
    lines: tuple[Line, ...] = ()
    missed: bool = False  # more came by than is kept
    missing: tuple[str, ...] = ()


class Audit(Record, frozen=True):
    entries: tuple[Noted, ...] = ()
    missing: tuple[str, ...] = ()


class Holds(Record, frozen=True):
    visits: int = 0
    events: int = 0
    missing: tuple[str, ...] = ()


class WorkerSeen(Record, frozen=True):
    """One ledger worker. `read` is topic -> partition -> next offset; `events` what it remembers."""

    url: str
    partitions: tuple[int, ...] = ()
    rebalancing: bool = False
    events: int = 0
    read: dict[str, dict[int, int]] = {}


class Cluster(Record, frozen=True):
    workers: tuple[WorkerSeen, ...] = ()
    missing: tuple[str, ...] = ()  # addresses of workers that did not answer


Answer = Traces | Counts | Quality | Rejects | Recent | Audit | Holds | Cluster
