"""Where one event id is in a session, and until when an event that is held stays. Pure.

Ids are compared whole. What left a session is known to it by its id alone, as long as it remembers.
"""

from __future__ import annotations

from streams.events import Record
from streams.session_state import Held, Limits, Session
from streams.session_view import SessionRow, ShownEvent, Why, view_of

MOST_FOUND = 50  # places of one id


class Stay(Record, frozen=True):
    """Log times in Unix ms: it leaves at `due_ms` when nothing more comes, at `latest_ms` whatever comes."""

    due_ms: int
    latest_ms: int
    why: Why


class Place(Record, frozen=True):
    """A session that has the id. `event` and `stay` are None when it left: the session knows the id only."""

    row: SessionRow
    event: ShownEvent | None = None
    stay: Stay | None = None


class Found(Record, frozen=True):
    """Places of one id. `looked_at` counts sessions; `partial`: not all of them could be looked at, or there are
    more places than are told. `other_release` are addresses of workers whose release cannot look for an id."""

    places: tuple[Place, ...] = ()
    looked_at: int = 0
    partial: bool = False
    other_release: tuple[str, ...] = ()


def has(session: Session, event_id: str) -> bool:
    return event_id in session.seen or any(held.event_id == event_id for held in session.held)


def ids_in(session: Session) -> int:
    """What looking at it costs."""
    return 1 + len(session.seen) + len(session.held)


def where_in(key: bytes, partition: int, session: Session, limits: Limits, event_id: str) -> Place:
    """Of a session that has it."""
    view = view_of(key, partition, session, limits)
    for held, event in zip(session.held, view.events, strict=True):
        if held.event_id == event_id:
            return Place(row=view.row, event=event, stay=stay_of(held, session, limits))
    return Place(row=view.row)


def stay_of(held: Held, session: Session, limits: Limits) -> Stay:
    """Of one event that the session holds. Others of it can leave earlier (`adaptive`), so that the oldest one
    that the event waits with is not always the first of the session."""
    if session.leaving is not None:
        return Stay(due_ms=session.leaving.at_ms, latest_ms=session.leaving.at_ms, why="recall")
    early = limits.hold == "adaptive"
    oldest = next(one for one in session.held if one is held or not (early and one.fired))
    bounds: list[tuple[int, Why]] = [(oldest.at_ms + limits.max_age_ms, "max_age")]
    if early and held.fired:
        bounds.append((held.at_ms + limits.merge_ms, "merge"))
    due_ms, why = min((session.last_at_ms + limits.idle_ms, "idle"), *bounds)
    return Stay(due_ms=due_ms, latest_ms=min(bounds)[0], why=why)
