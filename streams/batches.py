"""From held events to batches: backfill, order, and a size that every broker takes. Content only from state."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from streams.click_ledger import CLICK_FIELDS, Clicks, clicks_for, longest, noted
from streams.events import USER_FIELDS, Batch, Enriched, Event, FlushReason, UserField, decode_event, encode
from streams.session_state import Held, Known

BATCH_BYTES = 700_000  # below Kafka's default of 1 MiB a message, with room for the envelope
LEAVING_BYTES = 64  # what leaving adds to any event: its consent and time, and that it is one of a batch
GAPS = tuple(field for field in USER_FIELDS if field not in CLICK_FIELDS)  # filled with the first value known


class Profile(NamedTuple):
    """What is known of a session's visitor when events leave. `limited`: consent is, for all of them."""

    identity: Mapping[UserField, Known]
    clicks: Clicks = ()
    limited: bool = False


def enrich(event: Event, profile: Profile, *, limited: bool = False, at_ms: int = 0) -> Enriched:
    """The event with every gap in its user data filled, its click, and the consent under which it leaves.

    `at_ms` is when the session took it."""
    user = event.user
    values: dict[str, str | tuple[str, ...]] = {}
    backfilled: dict[UserField, str] = {}
    for field, known in profile.identity.items():
        if not getattr(user, field):
            values[field], backfilled[field] = known.value, known.event_id
    for click in clicks_for(event, profile.clicks) if profile.clicks else ():
        values[click.field] = click.value
        if click.event_id != event.event_id and not (click.field == "fbc" and event.fbclid):
            backfilled[click.field] = click.event_id
    if values:
        user = msgspec.structs.replace(user, **values)
    consent = "limited" if limited or profile.limited else "granted"
    left = msgspec.structs.replace(event, user=user, consent=consent)
    return Enriched(event=left, backfilled=backfilled, at_ms=at_ms)


def enrich_held(held: Iterable[Held], profile: Profile) -> Iterator[Enriched]:
    """The held events in log order, as they would leave now (what the Redis mirror shows)."""
    events = [(decode_event(item.raw), item) for item in held]
    clicks = profile.clicks
    for event, _ in events:  # what the ledger has no room for, or was held before there was a ledger
        clicks = noted(clicks, event)
    identity = {field: profile.identity[field] for field in GAPS if field in profile.identity}
    profile = Profile(identity, clicks, profile.limited)
    return (enrich(event, profile, limited=item.limited, at_ms=item.at_ms) for event, item in events)


def batch_id(key: bytes, partition: int, first_offset: int) -> str:
    """Same window, same id: SHA-256 over key, partition and the first event's offset, 32 hex digits."""
    return hashlib.sha256(b"%b|%d|%d" % (key, partition, first_offset)).hexdigest()[:32]


def batches_of(
    key: bytes,
    partition: int,
    held: Sequence[Held],
    profile: Profile,
    reason: FlushReason,
    flushed_at_ms: int,
) -> list[Batch]:
    """One batch, or several where one would be too large for a Kafka record. Events by their own time."""
    tenant, _, session_id = key.decode().partition("|")
    leaving = [*enrich_held(held, profile)]
    return [
        Batch(
            batch_id=batch_id(key, partition, held[start].offset),
            tenant=tenant,
            session_id=session_id,
            reason=reason,
            partition=partition,
            first_offset=held[start].offset,
            opened_at_ms=held[start].at_ms,
            flushed_at_ms=flushed_at_ms,
            events=tuple(sorted(leaving[start:end], key=lambda enriched: enriched.event.event_time_ms)),
        )
        for start, end in _parts(held, len(encode(profile.identity)) + longest(profile.clicks))
    ]


def _parts(held: Sequence[Held], known_bytes: int) -> Iterator[tuple[int, int]]:
    start, size = 0, 0
    for index, item in enumerate(held):
        # twice: the values themselves, and the names of their sources in `backfilled`
        needed = len(bytes(item.raw)) + LEAVING_BYTES + 2 * known_bytes
        if index > start and size + needed > BATCH_BYTES:
            yield start, index
            start, size = index, 0
        size += needed
    yield start, len(held)
