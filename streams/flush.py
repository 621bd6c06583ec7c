"""When what a session holds must leave, and how it leaves."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from streams.batches import Profile, batches_of
from streams.effects import Flushed
from streams.events import Event, FlushReason
from streams.memory import with_recalled
from streams.session_state import Held, Leaving, Limits, Session

SEEN_IDS = 1_000  # event ids that a session remembers after they left; the oldest are forgotten first

Released = tuple[Session, tuple[Flushed, ...]]


def due_at(session: Session, limits: Limits) -> int:
    """Log time (ms) at which time alone changes this session."""
    if not session.held:
        return session.last_at_ms + limits.idle_ms + limits.grace_ms
    return next_deadline(session, limits)[0]


def next_deadline(session: Session, limits: Limits) -> tuple[int, FlushReason]:
    """The first deadline of a session that holds something. Equal ones: the first reason of the alphabet."""
    if session.leaving is not None:  # never later than what follows
        return session.leaving.at_ms, session.leaving.reason
    at_ms, oldest_ms = session.last_at_ms + limits.idle_ms, session.held[0].at_ms + limits.max_age_ms
    reason: FlushReason = "idle"
    if oldest_ms < at_ms:
        at_ms, reason = oldest_ms, "max_age"
    if limits.hold == "adaptive":
        fired_ms = next((held.at_ms for held in session.held if held.fired), None)
        if fired_ms is not None and fired_ms + limits.merge_ms < at_ms:
            return fired_ms + limits.merge_ms, "merge_window"
    return at_ms, reason


def fall_due(key: bytes, partition: int, session: Session, limits: Limits) -> Released:
    """Let go of what the next deadline releases."""
    at_ms, reason = next_deadline(session, limits)
    if reason != "merge_window":
        return release_all(key, partition, session, limits, reason, at_ms)
    fired = tuple(held for held in session.held if held.fired and held.at_ms <= at_ms - limits.merge_ms)
    return _release(key, partition, session, limits, fired, reason, at_ms)


def flush_for(key: bytes, partition: int, session: Session, limits: Limits, event: Event, at_ms: int) -> Released:
    """What an event that is held now makes leave: at once, or when the memory has answered."""
    full = len(session.held) >= limits.max_events or session.size >= limits.max_bytes
    reason: FlushReason
    if event.event_name in limits.flush_on:
        reason = "purchase"
    elif limits.hold == "immediate":
        reason = "immediate"
    elif full:
        reason = "size"
    else:
        return session, ()
    if full or not _waits(session, limits, at_ms):
        return release_all(key, partition, session, limits, reason, at_ms)
    return _wait(session, limits, reason, at_ms), ()


def release_all(
    key: bytes, partition: int, session: Session, limits: Limits, reason: FlushReason, at_ms: int
) -> Released:
    """Let everything go; what waited for the memory keeps its own reason."""
    if session.leaving is not None:
        reason = session.leaving.reason
    return _release(key, partition, session, limits, session.held, reason, at_ms)


def release_waiting(key: bytes, partition: int, session: Session, limits: Limits, at_ms: int) -> Released:
    """The memory has answered: let go of what waited for it."""
    if session.leaving is None or (session.recall is not None and session.recall.waits):
        return session, ()
    return release_all(key, partition, session, limits, session.leaving.reason, at_ms)


def remember(session: Session, event_ids: Sequence[str]) -> Session:
    return msgspec.structs.replace(session, seen=(*session.seen, *event_ids)[-SEEN_IDS:])


def profile_of(session: Session, limits: Limits) -> Profile:
    """What an event that left now would leave with."""
    return Profile(
        with_recalled(session.identity, session.recalled),
        session.clicks,
        (session.consent or limits.default_consent) != "granted",
    )


def _waits(session: Session, limits: Limits, at_ms: int) -> bool:
    recall = session.recall
    return recall is not None and recall.waits and at_ms < recall.at_ms + limits.recall_ms


def _wait(session: Session, limits: Limits, reason: FlushReason, at_ms: int) -> Session:
    """Wait for the answer, but not past any other deadline. A question asked meanwhile prolongs nothing."""
    leaving = session.leaving
    if leaving is None:
        asked_ms = session.recall.at_ms if session.recall is not None else at_ms
        until_ms = min(min(asked_ms, at_ms) + limits.recall_ms, next_deadline(session, limits)[0])
        leaving = Leaving(reason, until_ms)
    elif reason == "purchase":
        leaving = Leaving(reason, leaving.at_ms)
    return msgspec.structs.replace(session, leaving=leaving)


def _release(
    key: bytes,
    partition: int,
    session: Session,
    limits: Limits,
    chosen: tuple[Held, ...],
    reason: FlushReason,
    at_ms: int,
) -> Released:
    """Let `chosen` go with all that is known now."""
    if not chosen:
        return session, ()
    batches = batches_of(key, partition, chosen, profile_of(session, limits), reason, at_ms)
    gone = {held.offset for held in chosen}
    kept = tuple(held for held in session.held if held.offset not in gone)
    size = sum(len(bytes(held.raw)) for held in kept)
    session = msgspec.structs.replace(session, held=kept, size=size, leaving=None)
    session = remember(session, [held.event_id for held in chosen])
    return session, tuple(Flushed(batch) for batch in batches)
