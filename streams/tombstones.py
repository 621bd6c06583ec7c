"""Who was erased, and from when on what holds them is not sent any more. Pure.

A tombstone keeps a digest of the digest: with the digest itself, which platforms know, this would be a list of
customers. It counts for what left its session before the tombstone's log time; what came after is new.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from streams.events import UNREADABLE, Batch, Erased, Event, Job, UserField, decode_erased

PERSON_FIELDS: tuple[UserField, ...] = (
    "em",
    "ph",
    "ph_e164",
    "external_id",
)  # what names one person; a first name names thousands
ERASED = "erased on request"
PART_ID = 32  # hex digits


def mark_of(tenant: str, digest: str) -> str:
    """64 hex digits. `digest` is the lower-case hex SHA-256 that the door made of a value."""
    return sha256(f"{tenant}|{digest}".encode()).hexdigest()


class Tombstones:
    """`learn` what topic `erased` holds, in any order and as often as it comes."""

    def __init__(self) -> None:
        self._at_ms: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._at_ms)

    def learn(self, value: bytes, at_ms: int) -> bool:
        """One record and its log time; False for what is no tombstone."""
        try:
            erased: Erased = decode_erased(value)
        except UNREADABLE:
            return False
        self._at_ms[erased.mark] = max(at_ms, self._at_ms.get(erased.mark, 0))
        return True

    def forbid(self, job: Job) -> bool:
        """Whether the job holds somebody who was erased after it left its session."""
        return self.forbid_event(job.event, job.left_ms or job.event.event_time_ms)

    def forbid_event(self, event: Event, left_ms: int) -> bool:
        """A digest counts in each field that names a person: shops use hashed addresses as ids of their own."""
        return bool(self._at_ms) and any(
            left_ms < self._at_ms.get(mark_of(event.tenant, digest), 0)
            for field in PERSON_FIELDS
            for digest in getattr(event.user, field)
        )

    def split(self, batch: Batch) -> tuple[Batch | None, tuple[Event, ...]]:
        """What of a batch may still leave, None for nothing, and what may not. A part has an id of its own, for
        the whole may have been taken already: whoever gets both knows the events by theirs."""
        kept = [one for one in batch.events if not self.forbid_event(one.event, batch.flushed_at_ms)]
        if len(kept) == len(batch.events):
            return batch, ()
        ids = {one.event.event_id for one in kept}
        dropped = tuple(one.event for one in batch.events if one.event.event_id not in ids)
        part_id = sha256(" ".join([batch.batch_id, *sorted(ids)]).encode()).hexdigest()[:PART_ID]
        part = msgspec.structs.replace(batch, batch_id=part_id, events=tuple(kept))
        return part if kept else None, dropped
