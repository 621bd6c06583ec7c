"""Under which consent events leave, by example. What denied drops is in test_session_policies."""

from __future__ import annotations

from streams.events import UserData
from streams.session import IDENTIFY, Dropped
from streams.session_state import Limits
from tests.unit.visits import EMAIL, REMEMBERS, Visit, left_of, told


def consents(visit: Visit) -> dict[str, str]:
    return {event_id: enriched.event.consent for event_id, enriched in left_of(visit).items()}


def test_the_default_counts_while_nothing_was_said() -> None:
    for default in ("granted", "limited"):
        visit = Visit(Limits(default_consent=default))
        visit.at(0, "Purchase", "o")
        assert consents(visit) == {"o": default}


def test_denied_by_default_drops_until_somebody_grants() -> None:
    visit = Visit(Limits(default_consent="denied"))
    assert visit.at(0, "PageView", "p", user=EMAIL) == [Dropped("default", ((1, "p"),), "consent denied")]
    visit.at(1, IDENTIFY, "i", consent="granted")
    visit.at(2, "Purchase", "o")
    assert consents(visit) == {"o": "granted"}
    assert left_of(visit)["o"].event.user == UserData()


def test_what_came_under_limited_stays_limited() -> None:
    visit = Visit()
    visit.at(0, "PageView", "limited", consent="limited")
    visit.at(1, "PageView", "still limited")
    visit.at(2, "PageView", "granted", consent="granted")
    visit.at(3, "Purchase", "still granted")
    assert consents(visit) == {
        "limited": "limited",
        "still limited": "limited",
        "granted": "granted",
        "still granted": "granted",
    }


def test_limited_at_the_flush_limits_what_came_before() -> None:
    visit = Visit()
    visit.at(0, "PageView", "p", consent="granted")
    visit.at(1, "Purchase", "o", consent="limited")
    assert consents(visit) == {"p": "limited", "o": "limited"}


def test_a_denied_event_makes_the_memory_forget_every_visitor_once() -> None:
    visit = Visit(REMEMBERS)
    visit.at(0, "PageView", "p", user=UserData(fbp="f", em=("aa",)))
    stripped = UserData(external_id=("x1", "x2"), fbp="f", ttp="t")
    said = told(visit.at(1, "PageView", "q", consent="denied", user=stripped))
    assert [(m.visitor, m.forget, m.asks, m.identity) for m in said] == [
        (visitor, True, False, {}) for visitor in ("external_id:x1", "external_id:x2", "fbp:f", "ttp:t")
    ]
    assert told(visit.at(2, "PageView", "r", user=stripped)) == []
    assert [m.visitor for m in told(visit.at(3, "PageView", "s", user=UserData(fbp="g")))] == ["fbp:g"]


def test_a_default_makes_nobody_forgotten() -> None:
    visit = Visit(Limits(default_consent="denied", remembers=True))
    assert told(visit.at(0, "PageView", "p", user=UserData(fbp="f"))) == []


def test_what_was_granted_again_can_be_forgotten_again() -> None:
    visit = Visit(REMEMBERS)
    for minute, consent in enumerate(["denied", "granted", "denied"]):
        visit.at(minute, "PageView", f"e{minute}", user=UserData(fbp="f"), consent=consent)  # type: ignore[arg-type]
    assert [(m.forget, m.asks) for m in told(visit.left)] == [(True, False), (False, True), (True, False)]


def test_denied_forgets_clicks_too() -> None:
    visit = Visit()
    visit.at(0, "PageView", "p", fbclid="A", user=UserData(ttclid="T"))
    visit.at(1, "PageView", "q", consent="denied", fbclid="B")
    visit.at(2, "Purchase", "o", consent="granted")
    assert left_of(visit)["o"].event.user == UserData()
