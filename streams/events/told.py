"""What the ledger alone is told: jobs that are queued, and what people did."""

from __future__ import annotations

import msgspec

from streams.events.event import Platform
from streams.events.record import Record, session_key


class QueuedJob(msgspec.Struct, frozen=True, array_like=True):
    """A job of a batch that RabbitMQ has confirmed. `event_name` is in the platform's words, `score` 0 to 10."""

    platform: Platform
    pixel_id: str
    event_id: str
    event_name: str
    score: float = 0.0


class Queued(Record, frozen=True, tag="queued", tag_field="type"):
    """A batch's jobs are in RabbitMQ. Written after the confirms and before progress, so at least once."""

    batch_id: str
    tenant: str
    session_id: str
    at_ms: int
    jobs: tuple[QueuedJob, ...] = ()

    @property
    def key(self) -> bytes:
        return session_key(self.tenant, self.session_id)


class Noted(Record, frozen=True, tag="noted", tag_field="type"):
    """An entry of the audit: `who` did `what` (flush, erase, replay, drop, pause, resume, login, …) to `target`.

    `note_id` makes a repeated entry the same. `why` is the person's own reason. No personal data: a person is
    named by field and the first 8 hex digits of the digest.
    """

    note_id: str
    at_ms: int
    who: str
    what: str
    target: str = ""
    tenant: str = ""
    why: str = ""
    result: str = ""
