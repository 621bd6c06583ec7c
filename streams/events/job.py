"""One event for one destination, and what came of each attempt to deliver it."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import msgspec

from streams.events.event import Event, Platform, UserField
from streams.events.record import Record

MAX_JOB_ID = 120  # characters of name and event id
OutcomeClass = Literal["delivered", "duplicate", "throttled", "transient", "misconfigured", "invalid", "expired"]


class Job(Record, frozen=True):
    """One event for one destination: what a worker POSTs. `event_name` is in the platform's words, `score` our
    estimate of its match quality there, 0 to 10 (:mod:`streams.quality`). `left_ms` is the log time at which its
    batch left the session, 0 when a worker before this field made the job."""

    platform: Platform
    pixel_id: str
    event_name: str
    batch_id: str
    event: Event
    backfilled: tuple[UserField, ...] = ()
    score: float = 0.0
    left_ms: int = 0

    @property
    def job_id(self) -> str:
        """Same event, name and destination, same id: what the idempotency store and message ids are made of.

        Long and foreign names and ids appear as their digest: RabbitMQ takes 255 bytes for a message id.
        """
        own = f"{self.event_name.replace('%', '%25').replace(':', '%3A')}:{self.event.event_id}"
        if len(own) > MAX_JOB_ID or not (own.isascii() and own.isprintable()):
            own = sha256(own.encode(errors="replace")).hexdigest()
        return f"{self.platform}:{self.pixel_id}:{own}"


class Outcome(Record, frozen=True):
    """What came of one attempt to deliver one job. `retry_in_s` is 0 when there is no further attempt.

    `http_status` and `latency_ms` are those of the POST, 0 when there was none. `age_ms` counts from the event's
    own time, `waited_ms` from the first delivery worker that saw the job. `leads`: of the outcomes that one POST
    had, the first, so that POSTs can be counted. `closed_s` is how long after a failure this worker's lane of the
    pixel makes no POST.
    """

    job_id: str
    tenant: str
    session_id: str
    platform: Platform
    pixel_id: str
    event_id: str
    event_name: str
    attempt: int
    outcome: OutcomeClass
    at_ms: int
    code: str = ""
    why: str = ""
    trace_id: str = ""
    parked: bool = False
    retry_in_s: float = 0
    http_status: int = 0
    latency_ms: int = 0
    age_ms: int = 0
    waited_ms: int = 0
    leads: bool = False
    closed_s: float = 0


decode_job = msgspec.json.Decoder(Job).decode
decode_outcome = msgspec.json.Decoder(Outcome).decode
