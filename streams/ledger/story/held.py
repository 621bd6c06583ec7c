"""The story of an event that a session holds, or let go so lately that the ledger has not heard of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.ledger.answers import EventTrace, Traces
from streams.ledger.story.delivery import LATE_MS
from streams.ledger.story.session import session_steps
from streams.ledger.story.shapes import Step, Story
from streams.ledger.story.words import listed, span
from streams.session_find import Found, Place, Stay
from streams.session_view import SessionRow, ShownEvent, Why

WHYS: dict[Why, str] = {
    "idle": "if the visitor stays silent",
    "max_age": "because then its visit's oldest event has been held for as long as is allowed",
    "merge": "because later the platforms would not merge it with the browser's copy",
    "recall": "because until then it waits for what earlier visits told",
}


def held_stories(places: Sequence[Place], known: Traces, now_ms: int, whole: bool = True) -> tuple[Story, ...]:
    """One for each place of which the ledger does not know more. `whole`: all of the ledger has answered."""
    return tuple(_story(place, now_ms, whole) for place in places if not _is_known(place, known))


def unsearched(found: Found | None) -> str:
    """What was not looked at for open sessions, a sentence; "" when everything was. None: nobody answered."""
    if found is None:
        return "No session worker answers, so whether a session holds this event is not known now."
    if found.other_release:
        return (
            f"Session workers of another release cannot look for an event id ({', '.join(found.other_release)}), "
            "so one more session may hold this event until they are upgraded."
        )
    if found.partial:
        return "Not all sessions could be looked at, so one more may hold this event."
    return ""


def _is_known(place: Place, known: Traces) -> bool:
    """An id can come again after its session forgot it: then it is held once more."""
    row, event = place.row, place.event
    since_ms = event.at_ms if event else 0
    left = any(
        (one.tenant, one.session_id) == (row.tenant, row.session_id) and one.flushed_ms >= since_ms
        for one in known.events
    )
    return left or (event is None and any(one.tenant == row.tenant for one in known.rejects))


def _story(place: Place, now_ms: int, whole: bool) -> Story:
    row, event, stay = place.row, place.event, place.stay
    whose, trace = f"session {row.session_id} of tenant {row.tenant}", _trace(place)
    if event is None or stay is None:
        why = (
            "has not heard of it: it is behind, or forgot it" if whole else "which knows the rest, does not answer"
        )
        verdict = f"It left {whose}, and the ledger{' ' if whole else ', '}{why}."
        text = "The session remembers the id, so a repeat would be dropped."
        return Story(verdict=verdict, tone="quiet", steps=(_left(row, text),), event=trace)
    late = now_ms > stay.due_ms + LATE_MS
    return Story(
        verdict=f"Held in {whose} for {span(now_ms - event.at_ms)}: {_until(stay, now_ms)}.",
        tone="warn" if late else "quiet",
        steps=(*session_steps(trace), _held(place, event, stay, late)),
        event=trace,
    )


def _trace(place: Place) -> EventTrace:
    row, event = place.row, place.event
    if event is None:
        return EventTrace(tenant=row.tenant, session_id=row.session_id, event_id="")
    return EventTrace(
        tenant=row.tenant,
        session_id=row.session_id,
        event_id=event.event_id,
        event_name=event.event_name,
        event_time_ms=event.event_time_ms,
        received_ms=event.at_ms,
        consent=event.consent,
        browser_fired=event.browser_fired,
    )


def _until(stay: Stay, now_ms: int) -> str:
    if stay.due_ms <= now_ms:
        since_ms = now_ms - stay.due_ms
        return f"it has been due for {span(since_ms)}" if since_ms > LATE_MS else "it leaves with the next tick"
    text = f"it leaves in {span(stay.due_ms - now_ms)} {WHYS[stay.why]}"
    later = stay.latest_ms > stay.due_ms
    return f"{text}, at the latest in {span(stay.latest_ms - now_ms)}" if later else text


def _left(row: SessionRow, text: str) -> Step:
    return Step(at_ms=0, what="Left its session", text=text, session=f"{row.tenant}|{row.session_id}")


def _held(place: Place, event: ShownEvent, stay: Stay, late: bool) -> Step:
    row = place.row
    return Step(
        at_ms=event.at_ms,
        what="Held",
        text=" ".join(_told(row.held, event)),
        tone="warn" if late else "quiet",
        facts={"log": f"partition {row.partition}, offset {event.offset}", "reason": stay.why},
        todo="See whether the session workers run and have lag." if late else "",
        due_ms=stay.due_ms,
        latest_ms=stay.latest_ms,
        session=f"{row.tenant}|{row.session_id}",
    )


def _told(held: int, event: ShownEvent) -> Iterator[str]:
    yield f"With {held - 1} more of its session." if held > 1 else "Alone in its session."
    if event.backfilled:
        yield f"Left it now, it would get {listed(sorted(event.backfilled))} from the visit."
