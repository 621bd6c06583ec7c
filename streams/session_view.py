"""What may be shown of a session: never a clear value. Pure; built from a table's value and its tenant's limits.

A digest is shown as its first 8 hex digits. Everything else that a platform takes in the clear (click and browser
ids, address and agent, places) is only said to be `present`.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nsmallest
from operator import itemgetter
from typing import Literal

import msgspec

from streams.batches import enrich_held
from streams.events import USER_FIELDS, Event, Record, UserData, UserField, decode_event
from streams.flush import due_at, next_deadline, profile_of
from streams.session_state import Held, Known, Limits, Session

PRESENT = "present"
SHOWN_DIGITS = 8
DIGEST_DIGITS = 64
Status = Literal["open", "closed"]
Why = Literal["idle", "max_age", "merge", "recall", "grace"]


class SessionRow(Record, frozen=True):
    """One session in a list. Times are log times in Unix ms. `due_ms`: when time alone changes it, and `why`:
    its events leave by idle, max_age, merge or because the memory was waited for; or a closed one goes (grace)."""

    tenant: str
    session_id: str
    partition: int
    status: Status
    held: int
    held_bytes: int
    first_ms: int  # of what is held; of a closed one its last event's
    last_ms: int
    due_ms: int
    why: Why
    known: tuple[UserField, ...] = ()


class ShownField(Record, frozen=True):
    """`shown` is the start of a digest, or `present`; `source` an event id or visitor:<kind>."""

    shown: str
    source: str


class ShownClick(Record, frozen=True):
    field: str
    shown: str
    first_ms: int
    source: str


class ShownEvent(Record, frozen=True):
    """A held event. `own` are the user-data fields that it brought, `backfilled` maps those that it would leave
    with, left it now, to where they are from."""

    event_id: str
    event_name: str
    event_time_ms: int
    at_ms: int  # log time
    offset: int
    own: tuple[UserField, ...] = ()
    backfilled: dict[UserField, str] = msgspec.field(default_factory=dict)
    browser_fired: tuple[str, ...] = ()
    consent: str = ""


class SessionView(Record, frozen=True):
    """One session. `seen` counts the ids that it knows to be repeats; `waits` says that it asked the memory of
    visitors and has no answer yet. `undecided` records of its partition are read and not committed."""

    row: SessionRow
    events: tuple[ShownEvent, ...] = ()
    identity: dict[UserField, ShownField] = msgspec.field(default_factory=dict)
    clicks: tuple[ShownClick, ...] = ()
    seen: int = 0
    consent: str = ""
    waits: bool = False
    last_offset: int = -1
    undecided: int = 0


Sort = Literal["due", "last"]


class Wanted(Record, frozen=True):
    """Which sessions a list has, and in which order: the soonest deadline first, or the latest activity first.

    `tenants` None is all of them. `after` is the cursor of the row that the page before ended with.
    """

    tenants: tuple[str, ...] | None = None
    tenant: str = ""
    prefix: str = ""  # of the session id
    status: Status | Literal[""] = ""
    sort: Sort = "due"
    after: str = ""
    limit: int = 50


class SessionList(Record, frozen=True):
    """A page. `after` is the next one's cursor, "" when there is none. `found` counts what is wanted, `looked_at`
    what was looked at for it; `partial`: there was more than may be looked at, or a worker did not answer.
    `other_release` are addresses of workers whose release does not know this question."""

    rows: tuple[SessionRow, ...] = ()
    after: str = ""
    found: int = 0
    looked_at: int = 0
    partial: bool = False
    other_release: tuple[str, ...] = ()


class WorkerPartition(Record, frozen=True):
    """One partition at its owner. Offsets are next offsets in `sessions.in`; `lag` records are not read yet, and
    `undecided` are read, but not in a transaction yet (the changelog goes with it, so it lags by as much)."""

    partition: int
    sessions: int = 0
    held: int = 0
    read: int = 0
    committed: int = 0
    end: int = 0
    lag: int = 0
    undecided: int = 0


class SessionWorker(Record, frozen=True):
    """One session worker; `peers` are the addresses of all, by what the group last agreed on."""

    url: str
    state: Literal["ready", "rebalancing", "recovering"]
    partitions: tuple[WorkerPartition, ...] = ()
    restored: int = 0  # changelog records since it started
    peers: tuple[str, ...] = ()


class SessionCluster(Record, frozen=True):
    workers: tuple[SessionWorker, ...] = ()
    missing: tuple[str, ...] = ()  # addresses that did not answer


Place = tuple[int, str]


def place_of(row: SessionRow, sort: Sort) -> Place:
    """Where a row comes in a list, smallest first."""
    return (row.due_ms if sort == "due" else -row.last_ms), f"{row.tenant}|{row.session_id}"


def cursor_of(place: Place) -> str:
    return f"{place[0]}:{place[1]}"


def place_in(cursor: str) -> Place | None:
    """None for the beginning. Raises ValueError for what is no cursor."""
    number, _, key = cursor.partition(":")
    return (int(number), key) if cursor else None


def is_wanted(row: SessionRow, wanted: Wanted) -> bool:
    return (
        (wanted.tenants is None or row.tenant in wanted.tenants)
        and wanted.tenant in ("", row.tenant)
        and row.session_id.startswith(wanted.prefix)
        and wanted.status in ("", row.status)
    )


def page_of(rows: Iterable[SessionRow], wanted: Wanted) -> tuple[tuple[SessionRow, ...], str]:
    """The rows of a page, of those that come behind its cursor, and the next page's cursor."""
    start = place_in(wanted.after)
    behind = ((place_of(row, wanted.sort), row) for row in rows)
    first = nsmallest(
        wanted.limit + 1,
        ((place, row) for place, row in behind if start is None or place > start),
        key=itemgetter(0),
    )
    page = first[: wanted.limit]
    return tuple(row for _, row in page), cursor_of(page[-1][0]) if len(first) > len(page) and page else ""


def row_of(key: bytes, partition: int, session: Session, limits: Limits) -> SessionRow:
    tenant, _, session_id = key.decode().partition("|")
    return SessionRow(
        tenant=tenant,
        session_id=session_id,
        partition=partition,
        status="open" if session.held else "closed",
        held=len(session.held),
        held_bytes=session.size,
        first_ms=session.held[0].at_ms if session.held else session.last_at_ms,
        last_ms=session.last_at_ms,
        due_ms=due_at(session, limits),
        why=_why(session, limits),
        known=tuple(field for field in USER_FIELDS if field in session.identity or field in session.recalled),
    )


def view_of(key: bytes, partition: int, session: Session, limits: Limits, undecided: int = 0) -> SessionView:
    profile = profile_of(session, limits)
    leaving = enrich_held(session.held, profile)
    return SessionView(
        row=row_of(key, partition, session, limits),
        events=tuple(
            _event(held, enriched.backfilled, enriched.event.consent)
            for held, enriched in zip(session.held, leaving, strict=True)
        ),
        identity={field: _field(known) for field, known in profile.identity.items()},
        clicks=tuple(
            ShownClick(field=c.field, shown=PRESENT, first_ms=c.first_ms, source=c.event_id)
            for c in session.clicks
        ),
        seen=len(session.seen),
        consent=session.consent,
        waits=session.recall is not None and session.recall.waits,
        last_offset=session.last_offset,
        undecided=undecided,
    )


def shown(value: str | tuple[str, ...]) -> str:
    """A digest's first digits, several of them with blanks between; of what is no digest only that it is there."""
    values = (value,) if isinstance(value, str) else value
    if not all(len(each) == DIGEST_DIGITS and each.isalnum() and each.isascii() for each in values):
        return PRESENT
    return " ".join(each[:SHOWN_DIGITS] for each in values)


def _why(session: Session, limits: Limits) -> Why:
    if not session.held:
        return "grace"
    if session.leaving is not None:
        return "recall"
    reason = next_deadline(session, limits)[1]
    return "merge" if reason == "merge_window" else "max_age" if reason == "max_age" else "idle"


def _field(known: Known) -> ShownField:
    return ShownField(shown=shown(known.value), source=known.event_id)


def _event(held: Held, backfilled: dict[UserField, str], consent: str) -> ShownEvent:
    event = decode_event(held.raw)
    return ShownEvent(
        event_id=event.event_id,
        event_name=event.event_name,
        event_time_ms=event.event_time_ms,
        at_ms=held.at_ms,
        offset=held.offset,
        own=own_fields(event),
        backfilled=backfilled,
        browser_fired=event.browser_fired,
        consent=consent,
    )


def own_fields(event: Event) -> tuple[UserField, ...]:
    user: UserData = event.user
    return tuple(field for field in USER_FIELDS if getattr(user, field))
