"""What leaves a session, and what was not taken."""

from __future__ import annotations

from typing import Literal

import msgspec

from streams.events.event import Event, UserField
from streams.events.record import Record, session_key

FlushReason = Literal[
    "purchase",  # a flush event arrived (setting: CAPI_FLUSH_ON)
    "idle",  # inactivity gap (CAPI_IDLE_S)
    "max_age",  # oldest held event reached CAPI_MAX_AGE_S
    "size",  # CAPI_MAX_EVENTS or CAPI_MAX_BYTES
    "identity",  # someone else logged in: what is held belongs to the person before
    "merge_window",  # hold = adaptive: inside the platforms' 5 minutes
    "immediate",  # hold = immediate
    "operator",  # somebody said so (`Flush`)
]


class Enriched(Record, frozen=True):
    """An event as it leaves the session. `backfilled` maps each user field that the event did not bring
    itself to the `event_id` that did, or to `visitor:<kind>` when an earlier visit did. `at_ms` is the log time
    at which the session took it, 0 when a worker before this field wrote it."""

    event: Event
    backfilled: dict[UserField, str] = {}
    at_ms: int = 0


class Batch(Record, frozen=True):
    """What one flush releases. `batch_id` is a function of key, partition and the first event's offset."""

    batch_id: str
    tenant: str
    session_id: str
    reason: FlushReason
    partition: int
    first_offset: int
    opened_at_ms: int  # log time of the first event in it
    flushed_at_ms: int  # log time of the deadline or of the flushing event
    events: tuple[Enriched, ...]

    @property
    def key(self) -> bytes:
        return session_key(self.tenant, self.session_id)


class Reject(Record, frozen=True):
    """A record that was not taken, and why. Never holds personal data or the record's own text.

    `topic`, `partition`, `offset` find the original; `field` is the JSON path at fault, "" for the whole; `fix`
    says what to do about it. `platform` and `pixel_id` are given when one destination would refuse the event,
    `tenant`, `session_id` and `event_id` as far as the record could be read.
    """

    topic: str
    partition: int
    offset: int
    reason: str
    field: str = ""
    fix: str = ""
    tenant: str = ""
    session_id: str = ""
    event_id: str = ""
    platform: str = ""
    pixel_id: str = ""


decode_batch = msgspec.json.Decoder(Batch).decode
decode_reject = msgspec.json.Decoder(Reject).decode
