"""The session window: what one log record does to one session, and what the passing of log time does.

Pure rules. Time is the log's own (milliseconds, LogAppendTime) and comes in as an argument, so a replay, a
backlog and a test decide the same. A session is *open* while it holds events, and a *closed marker* after;
the marker still knows identity and event ids, and goes when the visitor has been silent for idle + grace.

With idle = 30 min, max age = 4 h, grace = 10 min:

| log time | input                  | held after | leaves                       |
|----------|------------------------|------------|------------------------------|
| 10:00    | PageView               | 1          |                              |
| 10:01    | PageView, same id      | 1          | (duplicate, ignored)         |
| 10:02    | Identify em            | 1          |                              |
| 10:03    | Purchase               | 0          | both, with em, `purchase`    |
| 10:04    | ViewContent            | 1          |                              |
| 10:34    | time                   | 0          | ViewContent with em, `idle`  |
| 10:44    | time                   | gone       |                              |
"""

from __future__ import annotations

from operator import attrgetter
from typing import NamedTuple

import msgspec

from streams.batches import batches_of
from streams.events import USER_FIELDS, Batch, Consent, Event, FlushReason, Record
from streams.tenants import Hold

IDENTIFY = "Identify"
SEEN_IDS = 1_000  # event ids that a session remembers after they left; the oldest are forgotten first


class Limits(Record, frozen=True):
    """What bounds a window. Times in milliseconds of log time, `max_bytes` of encoded events."""

    idle_ms: int = 1_800_000
    max_age_ms: int = 14_400_000
    grace_ms: int = 600_000
    merge_ms: int = 240_000
    max_events: int = 500
    max_bytes: int = 262_144
    flush_on: frozenset[str] = frozenset({"Purchase"})
    hold: Hold = "session"


class Held(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event that waits: its place and time in the log, and its bytes as they came."""

    offset: int
    at_ms: int
    fired: bool  # a browser copy was sent
    event_id: str
    raw: msgspec.Raw


class Known(msgspec.Struct, frozen=True, array_like=True):
    """One identity field and the event that brought it."""

    value: str | tuple[str, ...]
    event_id: str


class Session(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="v", tag=1):
    """State of one key. `size` is the sum of the held bytes.

    `v` in the stored value is its format: a value of another format is refused (msgspec.ValidationError), not
    misread, when a worker of an older version meets it.
    """

    last_at_ms: int
    last_offset: int
    size: int = 0
    held: tuple[Held, ...] = ()
    seen: tuple[str, ...] = ()
    identity: dict[str, Known] = {}
    consent: Consent = ""


class Arrival(NamedTuple):
    """An event record of the log: `raw` is its value, `event` the same decoded."""

    key: bytes
    partition: int
    offset: int
    at_ms: int
    event: Event
    raw: bytes


class Flushed(NamedTuple):
    batch: Batch


class Dropped(NamedTuple):
    """Events that leave without delivery, because consent is denied."""

    tenant: str
    events: tuple[tuple[int, str], ...]  # (offset, event_id)
    reason: str


class Duplicate(NamedTuple):
    tenant: str
    event_id: str


Effect = Flushed | Dropped | Duplicate
Step = tuple[Session | None, tuple[Effect, ...]]

encode_session = msgspec.json.Encoder().encode
decode_session = msgspec.json.Decoder(Session).decode
_event_id = attrgetter("event_id")


def due_at(session: Session, limits: Limits) -> int:
    """Log time (ms) at which time alone changes this session."""
    if not session.held:
        return session.last_at_ms + limits.idle_ms + limits.grace_ms
    return min(at_ms for at_ms, _ in _deadlines(session, limits))


def expire(key: bytes, partition: int, session: Session | None, now_ms: int, limits: Limits) -> Step:
    """Everything that falls due up to `now_ms`, in the order of its deadlines. None means: forget the key."""
    effects: list[Effect] = []
    while session is not None and due_at(session, limits) <= now_ms:
        if not session.held:
            session = None
        else:
            at_ms, reason = min(_deadlines(session, limits))
            chosen = _fired_before(session, at_ms - limits.merge_ms) if reason == "merge_window" else session.held
            session, flushed = _release(key, partition, session, chosen, reason, at_ms)
            effects += flushed
    return session, tuple(effects)


def arrive(arrival: Arrival, session: Session | None, limits: Limits) -> tuple[Session, tuple[Effect, ...]]:
    """What one event does. Deadlines before it count first, whether or not a tick has come."""
    session, effects = expire(arrival.key, arrival.partition, session, arrival.at_ms, limits)
    if session is None:
        session = Session(last_at_ms=arrival.at_ms, last_offset=arrival.offset)
    event = arrival.event
    if event.event_id in session.seen or event.event_id in map(_event_id, session.held):
        return session, (*effects, Duplicate(event.tenant, event.event_id))
    session = msgspec.structs.replace(session, last_at_ms=arrival.at_ms, last_offset=arrival.offset)
    session, more = _admit(arrival, session, limits)
    return session, (*effects, *more)


def _admit(arrival: Arrival, session: Session, limits: Limits) -> tuple[Session, tuple[Effect, ...]]:
    event = arrival.event
    consent = event.consent or session.consent
    if consent == "denied":
        return _refuse(arrival, session)
    session, effects = _identify(arrival, msgspec.structs.replace(session, consent=consent))
    if event.event_name == IDENTIFY:
        return _remember(session, (event.event_id,)), effects
    session = _hold(arrival, session)
    reason = _flush_now(event, session, limits)
    if reason is None:
        return session, effects
    session, flushed = _release(arrival.key, arrival.partition, session, session.held, reason, arrival.at_ms)
    return session, (*effects, *flushed)


def _refuse(arrival: Arrival, session: Session) -> tuple[Session, tuple[Effect, ...]]:
    """Consent is withdrawn: nothing that is held may leave, and nobody is known any more."""
    dropped = (*((held.offset, held.event_id) for held in session.held), (arrival.offset, arrival.event.event_id))
    session = msgspec.structs.replace(session, held=(), size=0, identity={}, consent="denied")
    session = _remember(session, tuple(event_id for _, event_id in dropped))
    return session, (Dropped(arrival.event.tenant, dropped, "consent denied"),)


def _identify(arrival: Arrival, session: Session) -> tuple[Session, tuple[Effect, ...]]:
    """Fill gaps in what is known. Someone else's login first lets go of what belongs to the person before."""
    event = arrival.event
    effects: tuple[Effect, ...] = ()
    if event.replace_identity:
        session, effects = _release(
            arrival.key, arrival.partition, session, session.held, "identity", arrival.at_ms
        )
        session = msgspec.structs.replace(session, identity={})
    news = {
        field: Known(value, event.event_id)
        for field in USER_FIELDS
        if (value := getattr(event.user, field)) and field not in session.identity
    }
    if news:
        session = msgspec.structs.replace(session, identity={**session.identity, **news})
    return session, effects


def _hold(arrival: Arrival, session: Session) -> Session:
    event, raw = arrival.event, arrival.raw.strip()  # a restored value has no white space around it either
    held = Held(arrival.offset, arrival.at_ms, bool(event.browser_fired), event.event_id, msgspec.Raw(raw))
    size = session.size + len(raw)
    return msgspec.structs.replace(session, held=(*session.held, held), size=size)


def _flush_now(event: Event, session: Session, limits: Limits) -> FlushReason | None:
    if event.event_name in limits.flush_on:
        return "purchase"
    if limits.hold == "immediate":
        return "immediate"
    full = len(session.held) >= limits.max_events or session.size >= limits.max_bytes
    return "size" if full else None


def _deadlines(session: Session, limits: Limits) -> list[tuple[int, FlushReason]]:
    deadlines: list[tuple[int, FlushReason]] = [
        (session.last_at_ms + limits.idle_ms, "idle"),
        (session.held[0].at_ms + limits.max_age_ms, "max_age"),
    ]
    if limits.hold == "adaptive":
        fired = next((held.at_ms for held in session.held if held.fired), None)
        if fired is not None:
            deadlines.append((fired + limits.merge_ms, "merge_window"))
    return deadlines


def _fired_before(session: Session, at_ms: int) -> tuple[Held, ...]:
    return tuple(held for held in session.held if held.fired and held.at_ms <= at_ms)


def _release(
    key: bytes, partition: int, session: Session, chosen: tuple[Held, ...], reason: FlushReason, at_ms: int
) -> tuple[Session, tuple[Effect, ...]]:
    """Let `chosen` go with all that is known now."""
    if not chosen:
        return session, ()
    batches = batches_of(key, partition, chosen, session.identity, reason, at_ms)
    gone = {held.offset for held in chosen}
    kept = tuple(held for held in session.held if held.offset not in gone)
    size = sum(len(bytes(held.raw)) for held in kept)
    session = msgspec.structs.replace(session, held=kept, size=size)
    session = _remember(session, tuple(held.event_id for held in chosen))
    return session, tuple(Flushed(batch) for batch in batches)


def _remember(session: Session, event_ids: tuple[str, ...]) -> Session:
    return msgspec.structs.replace(session, seen=(*session.seen, *event_ids)[-SEEN_IDS:])
