"""Who was erased, and from when on what holds them is not sent any more. Pure.

A tombstone keeps a digest of the digest: with the digest itself, which platforms know, this would be a list of
customers. It counts for what left its session before the tombstone's log time; what came after is new.
"""

from __future__ import annotations

from hashlib import sha256

from streams.events import UNREADABLE, Erased, Job, UserField, decode_erased

PERSON_FIELDS: tuple[UserField, ...] = (
    "em",
    "ph",
    "ph_e164",
    "external_id",
)  # what names one person; a first name names thousands
ERASED = "erased on request"


def mark_of(tenant: str, digest: str) -> str:
    """64 hex digits. `digest` is the lower-case hex SHA-256 that the door made of a value."""
    return sha256(f"{tenant}|{digest}".encode()).hexdigest()


class Tombstones:
    """`learn` what topic `erased` holds, in any order and as often as it comes."""

    def __init__(self) -> None:
        self._at_ms: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._at_ms)

    def learn(self, value: bytes, at_ms: int) -> None:
        """One record and its log time; what is no tombstone is passed over."""
        try:
            erased: Erased = decode_erased(value)
        except UNREADABLE:
            return
        self._at_ms[erased.mark] = max(at_ms, self._at_ms.get(erased.mark, 0))

    def forbid(self, job: Job) -> bool:
        """Whether the job holds somebody who was erased after it left its session.

        A digest counts in each field that names a person: shops use hashed addresses as ids of their own.
        """
        if not self._at_ms:
            return False
        user, tenant = job.event.user, job.event.tenant
        left_ms = job.left_ms or job.event.event_time_ms
        return any(
            left_ms < self._at_ms.get(mark_of(tenant, digest), 0)
            for field in PERSON_FIELDS
            for digest in getattr(user, field)
        )
