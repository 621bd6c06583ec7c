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

Where the tenant remembers returning visitors (:mod:`streams.memory`), a flush event may come while the session
still waits for what earlier visits told; then it leaves with the answer, or after `recall_ms` without.
"""

from __future__ import annotations

from collections.abc import Container
from operator import attrgetter

import msgspec

from streams import memory
from streams.batches import GAPS
from streams.click_ledger import newest, noted
from streams.effects import Arrival, Dropped, Duplicate, Effect, Flushed, Step, Told
from streams.erasure import erased, holds
from streams.events import Command, Erase, Flush, Recalled
from streams.flush import SEEN_IDS, due_at, fall_due, flush_for, release_all, release_waiting, remember
from streams.session_state import Held, Known, Limits, Recall, Session, decode_session, encode_session

__all__ = [
    "SEEN_IDS",
    "Arrival",
    "Dropped",
    "Duplicate",
    "Effect",
    "Flushed",
    "Held",
    "Known",
    "Limits",
    "Session",
    "Step",
    "Told",
    "answer",
    "arrive",
    "decode_session",
    "due_at",
    "encode_session",
    "erase_from",
    "expire",
    "obey",
]

IDENTIFY = "Identify"

_event_id = attrgetter("event_id")


def expire(key: bytes, partition: int, session: Session | None, now_ms: int, limits: Limits) -> Step:
    """Everything that falls due up to `now_ms`, in the order of its deadlines. None means: forget the key."""
    effects: list[Effect] = []
    while session is not None and due_at(session, limits) <= now_ms:
        if not session.held:
            session = None
        else:
            session, flushed = fall_due(key, partition, session, limits)
            effects += flushed
    return session, tuple(effects)


def arrive(
    arrival: Arrival, session: Session | None, limits: Limits, maybe_known: Container[str] | None = None
) -> tuple[Session, tuple[Effect, ...]]:
    """What one event does. Deadlines before it count first, whether or not a tick has come.

    An id that is not in `maybe_known`, if given, is surely new.
    """
    session, effects = expire(arrival.key, arrival.partition, session, arrival.at_ms, limits)
    if session is None:
        session = Session(last_at_ms=arrival.at_ms, last_offset=arrival.offset)
    event = arrival.event
    if (maybe_known is None or event.event_id in maybe_known) and _knows(session, event.event_id):
        return session, (*effects, Duplicate(event.tenant, event.event_id))
    session, more = _admit(arrival, session, limits)
    return session, (*effects, *more)


def _knows(session: Session, event_id: str) -> bool:
    return event_id in session.seen or event_id in map(_event_id, session.held)


def answer(
    key: bytes, partition: int, session: Session | None, recalled: Recalled, at_ms: int, limits: Limits
) -> Step:
    """What the memory's answer does. It is no activity of the visitor; one that nobody waits for does nothing."""
    session, effects = expire(key, partition, session, at_ms, limits)
    if session is None or (told := memory.listen(session, recalled)) is session:
        return session, effects
    session, flushed = release_waiting(key, partition, told, limits, at_ms)
    return session, (*effects, *flushed)


def erase_from(
    key: bytes, partition: int, session: Session | None, erase: Erase, at_ms: int, limits: Limits
) -> Step:
    """What an erasure does to one session of its tenant.

    A session that still waits for the memory does so no longer: the answer may be what is to be erased.
    """
    session, effects = expire(key, partition, session, at_ms, limits)
    if session is None:
        return None, effects
    if holds(session, erase):
        session, dropped = erased(session, erase.tenant)
        return session, (*effects, *dropped)
    if session.recall is None or not session.recall.waits:
        return session, effects
    session = msgspec.structs.replace(session, recall=msgspec.structs.replace(session.recall, waits=False))
    session, flushed = release_waiting(key, partition, session, limits, at_ms)
    return session, (*effects, *flushed)


def obey(
    key: bytes, partition: int, session: Session | None, command: Command, at_ms: int, limits: Limits
) -> Step:
    """What an operator's command does; it is no activity of the visitor. Given again it does nothing more."""
    session, effects = expire(key, partition, session, at_ms, limits)
    if session is None:
        return None, effects
    more: tuple[Effect, ...]
    if isinstance(command, Flush):
        session = msgspec.structs.replace(session, leaving=None)  # it leaves by this word, not by the memory's
        session, more = release_all(key, partition, session, limits, "operator", at_ms)
    else:
        session, more = erased(session, command.tenant)
    return session, (*effects, *more)


def _admit(arrival: Arrival, session: Session, limits: Limits) -> tuple[Session, tuple[Effect, ...]]:
    event = arrival.event
    said = event.consent or session.consent
    consent = said or limits.default_consent
    session = msgspec.structs.replace(session, last_at_ms=arrival.at_ms, last_offset=arrival.offset, consent=said)
    if consent == "denied":
        return _refuse(arrival, session, limits)
    effects: tuple[Effect, ...] = ()
    if event.replace_identity:
        session, effects = _replace(arrival, session, limits)
    session, told = _learn(arrival, session, limits)
    effects = (*effects, *told)
    if event.event_name == IDENTIFY:
        return remember(session, (event.event_id,)), effects
    session = _hold(arrival, session, limited=consent == "limited")
    session, flushed = flush_for(arrival.key, arrival.partition, session, limits, event, arrival.at_ms)
    return session, (*effects, *flushed)


def _replace(arrival: Arrival, session: Session, limits: Limits) -> tuple[Session, tuple[Flushed, ...]]:
    """Someone else logged in: first let go of what belongs to the person before, then forget them."""
    session, effects = release_all(arrival.key, arrival.partition, session, limits, "identity", arrival.at_ms)
    return msgspec.structs.replace(
        session, identity={}, clicks=(), recalled={}, recall=Recall(replaced=True)
    ), effects


def _learn(arrival: Arrival, session: Session, limits: Limits) -> tuple[Session, tuple[Told, ...]]:
    """Fill gaps in what is known: the first value of a field stays, and of a click the first sighting."""
    event, identity = arrival.event, session.identity
    news = {
        field: Known(value, event.event_id)
        for field in GAPS
        if field not in identity and (value := getattr(event.user, field))
    }
    clicks = noted(session.clicks, event)
    if not news and clicks is session.clicks:
        return session, ()
    session = msgspec.structs.replace(session, identity={**identity, **news}, clicks=newest(clicks))
    return memory.converse(arrival, session, news) if limits.remembers else (session, ())


def _hold(arrival: Arrival, session: Session, *, limited: bool) -> Session:
    event, raw = arrival.event, arrival.raw.strip()  # a restored value has no white space around it either
    held = Held(
        arrival.offset, arrival.at_ms, bool(event.browser_fired), event.event_id, msgspec.Raw(raw), limited
    )
    size = session.size + len(raw)
    return msgspec.structs.replace(session, held=(*session.held, held), size=size)


def _refuse(arrival: Arrival, session: Session, limits: Limits) -> tuple[Session, tuple[Effect, ...]]:
    """Consent is denied: nothing that is held may leave, and nobody is known any more.

    The memory forgets only when somebody said so: a default is no withdrawal of what was once allowed.
    """
    event = arrival.event
    told: tuple[Told, ...] = ()
    if limits.remembers and session.consent == "denied":
        session, told = memory.forgetting(session, event)
    dropped = (*((held.offset, held.event_id) for held in session.held), (arrival.offset, event.event_id))
    session = msgspec.structs.replace(
        session, held=(), size=0, identity={}, clicks=(), recalled={}, recall=None, leaving=None
    )
    session = remember(session, [event_id for _, event_id in dropped])
    return session, (*told, Dropped(event.tenant, dropped, "consent denied"))
