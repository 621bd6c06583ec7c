"""From held events to batches: backfill, order, and a size that every broker takes. Content only from state."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from streams.events import USER_FIELDS, Batch, Enriched, Event, FlushReason, decode_event, encode

if TYPE_CHECKING:
    from streams.session import Held, Known

BATCH_BYTES = 700_000  # below Kafka's default of 1 MiB a message, with room for the envelope


def enrich(event: Event, identity: Mapping[str, Known]) -> Enriched:
    """The event with every gap in its user data filled from what the session knows."""
    fills = {
        field: identity[field] for field in USER_FIELDS if field in identity and not getattr(event.user, field)
    }
    if not fills:
        return Enriched(event=event)
    user = msgspec.structs.replace(event.user, **{field: known.value for field, known in fills.items()})
    return Enriched(
        event=msgspec.structs.replace(event, user=user),
        backfilled={field: known.event_id for field, known in fills.items()},
    )


def enrich_held(held: Sequence[Held], identity: Mapping[str, Known]) -> Iterator[Enriched]:
    """The held events in log order, as they would leave now (what the Redis mirror shows)."""
    return (enrich(decode_event(item.raw), identity) for item in held)


def batch_id(key: bytes, partition: int, first_offset: int) -> str:
    """Same window, same id: SHA-256 over key, partition and the first event's offset, 32 hex digits."""
    return hashlib.sha256(b"%b|%d|%d" % (key, partition, first_offset)).hexdigest()[:32]


def batches_of(
    key: bytes,
    partition: int,
    held: Sequence[Held],
    identity: Mapping[str, Known],
    reason: FlushReason,
    flushed_at_ms: int,
) -> list[Batch]:
    """One batch, or several where one would be too large for a Kafka record. Events by their own time."""
    tenant, _, session_id = key.decode().partition("|")
    return [
        Batch(
            batch_id=batch_id(key, partition, part[0].offset),
            tenant=tenant,
            session_id=session_id,
            reason=reason,
            partition=partition,
            first_offset=part[0].offset,
            opened_at_ms=part[0].at_ms,
            flushed_at_ms=flushed_at_ms,
            events=tuple(sorted(enrich_held(part, identity), key=lambda enriched: enriched.event.event_time_ms)),
        )
        for part in _parts(held, len(encode(identity)))
    ]


def _parts(held: Sequence[Held], identity_bytes: int) -> Iterator[Sequence[Held]]:
    start, size = 0, 0
    for index, item in enumerate(held):
        # twice: the values themselves, and the names of their sources in `backfilled`
        needed = len(bytes(item.raw)) + 2 * identity_bytes
        if index > start and size + needed > BATCH_BYTES:
            yield held[start:index]
            start, size = index, 0
        size += needed
    yield held[start:]
