"""The story of an event that a session still holds: where, since when, until when, and why."""

from __future__ import annotations

import pytest

from streams.events import UserData
from streams.ledger.answers import EventTrace, Traces
from streams.ledger.story import Story, stories, unsearched
from streams.session_find import Found, Place, Stay, has, where_in
from streams.session_state import Limits
from tests.unit.story.traces import delivered, purchase, reject
from tests.unit.visits import ADAPTIVE, DEFAULTS, EMAIL, MINUTE, REMEMBERS, Visit

HALF = 30 * MINUTE


def found_in(visit: Visit, event_id: str, limits: Limits = DEFAULTS) -> Place:
    assert visit.session is not None and has(visit.session, event_id)
    return where_in(b"default|s1", 3, visit.session, limits, event_id)


def told(place: Place, minute: float, known: Traces | None = None) -> tuple[Story, ...]:
    return stories(known or Traces(), round(minute * MINUTE), lambda *_: "", (place,))


def browsing() -> Visit:
    visit = Visit()
    visit.at(1, "PageView", "page")
    visit.at(2, "Lead", "lead", user=EMAIL)
    return visit


def test_a_held_event_is_told_with_its_session_and_when_it_leaves() -> None:
    place = found_in(browsing(), "page")
    assert place.stay == Stay(due_ms=32 * MINUTE, latest_ms=241 * MINUTE, why="idle")
    (story,) = told(place, 3)
    assert story.verdict == (
        "Held in session s1 of tenant default for 2 min: it leaves in 29 min if the visitor stays silent, "
        "at the latest in 3 h 58 min."
    )
    assert [step.what for step in story.steps if step.what in ("Received", "Held")] == ["Received", "Held"]
    held = story.steps[-1]
    assert held.text == "With 1 more of its session. Left it now, it would get em from the visit."
    assert (held.session, held.due_ms, held.latest_ms) == ("default|s1", 32 * MINUTE, 241 * MINUTE)
    assert story.tone == "quiet"


def test_ids_are_compared_whole() -> None:
    session = browsing().session
    assert session is not None
    assert [has(session, name) for name in ("page", "pag", "page2", "")] == [True, False, False, False]


def test_in_adaptive_sessions_each_event_has_its_own_deadline() -> None:
    visit = Visit(ADAPTIVE)
    visit.at(0, "PageView", "fired", fired=("meta",))
    visit.at(1, "PageView", "not-fired")
    assert found_in(visit, "fired", ADAPTIVE).stay == Stay(due_ms=4 * MINUTE, latest_ms=4 * MINUTE, why="merge")
    later = Stay(due_ms=31 * MINUTE, latest_ms=241 * MINUTE, why="idle")
    assert found_in(visit, "not-fired", ADAPTIVE).stay == later
    visit.until(4)
    assert found_in(visit, "not-fired", ADAPTIVE).stay == later, "what left early did not change it"
    assert found_in(visit, "fired", ADAPTIVE).event is None


def test_an_order_that_waits_for_the_memory_and_an_old_visit() -> None:
    waiting = Visit(REMEMBERS)
    waiting.at(0, "Purchase", "order", user=UserData(fbp="f"))
    (story,) = told(found_in(waiting, "order", REMEMBERS), 0)
    assert story.verdict.endswith("it leaves in 5.0 s because until then it waits for what earlier visits told.")
    old = Visit()
    for minute in range(0, 230, 10):
        old.at(minute, "PageView", f"p{minute}")
    (story,) = told(found_in(old, "p220"), 230)
    assert "in 10 min because then its visit's oldest event" in story.verdict and "latest" not in story.verdict


@pytest.mark.parametrize(
    ("minute", "tone", "text"),
    [(32, "quiet", "it leaves with the next tick."), (50, "warn", "it has been due for 18 min.")],
)
def test_one_that_is_due(minute: float, tone: str, text: str) -> None:
    (story,) = told(found_in(browsing(), "page"), minute)
    assert story.verdict.endswith(text) and story.tone == tone
    assert bool(story.steps[-1].todo) == (tone == "warn")


def test_one_that_left_is_the_ledger_s_to_tell_when_it_can() -> None:
    visit = browsing()
    visit.until(40)
    place = found_in(visit, "page")
    (story,) = told(place, 41)
    assert story.verdict.startswith("It left session s1 of tenant default, and the ledger has not heard of it")
    assert story.steps[-1].session == "default|s1"
    left = EventTrace(tenant="default", session_id="s1", event_id="page", flushed_ms=HALF)
    (story,) = told(place, 41, Traces(events=(left,)))
    assert story.event is left
    (story,) = told(place, 41, Traces(rejects=(reject(tenant="default", platform=""),)))
    assert story.tone == "bad"


def test_what_left_between_the_two_answers_is_told_once_and_what_came_again_twice() -> None:
    place = found_in(browsing(), "page")
    left = EventTrace(tenant="default", session_id="s1", event_id="page", flushed_ms=HALF)
    assert [story.event for story in told(place, 31, Traces(events=(left,)))] == [left]
    before = EventTrace(tenant="default", session_id="s1", event_id="page", flushed_ms=-1)
    assert len(told(place, 31, Traces(events=(before,)))) == 2
    assert len(told(place, 31, Traces(events=(purchase(delivered()),)))) == 2, "another session's"


def test_what_was_not_looked_at_is_said() -> None:
    assert unsearched(Found()) == ""
    assert unsearched(Found(partial=True)).startswith("Not all sessions")
    assert unsearched(None).startswith("No session worker answers")
