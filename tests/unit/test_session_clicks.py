"""Which click an event leaves with, by example."""

from __future__ import annotations

import pytest

from streams.click_ledger import MOST_CLICKS
from streams.events import UserData
from streams.session import IDENTIFY
from streams.session_state import decode_session, encode_session
from tests.unit.visits import MINUTE, Visit, left_of

DAY = 24 * 60


def fbcs(visit: Visit) -> dict[str, str]:
    return {event_id: enriched.event.user.fbc for event_id, enriched in left_of(visit).items()}


def fbc(minute: float, click: str) -> str:
    return f"fb.1.{int(minute * MINUTE)}.{click}"


def test_the_table_in_the_docstring() -> None:
    visit = Visit()
    cookie = f"fb.2.{7 * MINUTE}.A.AQECAQ"
    visit.at(0, "PageView", "a", fbclid="A")
    visit.at(5, "PageView", "cookie", user=UserData(fbc=cookie))
    visit.at(9, "PageView", "b", fbclid="B", user=UserData(fbc=cookie))
    visit.at(12, "PageView", "next")
    visit.at(13, "PageView", "late", clock=7)
    visit.at(14, "Purchase", "late b", fbclid="B", clock=8)
    assert fbcs(visit) == {
        "a": fbc(0, "A"),
        "cookie": cookie,
        "b": fbc(8, "B"),
        "next": fbc(8, "B"),
        "late": fbc(0, "A"),
        "late b": fbc(8, "B"),
    }
    assert {event_id: e.backfilled for event_id, e in left_of(visit).items() if e.backfilled} == {
        "next": {"fbc": "late b"},
        "late": {"fbc": "a"},
    }


def test_a_click_is_known_after_the_flush_and_is_minted_once() -> None:
    visit = Visit()
    visit.at(1, "Purchase", "o", fbclid="A")
    visit.at(2, "PageView", "again", fbclid="A")
    visit.at(3, "Purchase", "o2")
    assert set(fbcs(visit).values()) == {fbc(1, "A")}


def test_a_click_that_only_an_identify_brought_counts() -> None:
    visit = Visit()
    visit.at(0, IDENTIFY, "i", fbclid="A", user=UserData(ttclid="T"))
    visit.at(1, "Purchase", "o")
    assert left_of(visit)["o"].event.user == UserData(fbc=fbc(0, "A"), ttclid="T")
    assert left_of(visit)["o"].backfilled == {"fbc": "i", "ttclid": "i"}


def test_no_event_leaves_with_a_click_that_came_after_it() -> None:
    visit = Visit()
    visit.at(0, "PageView", "before")
    visit.at(1, "Purchase", "o", fbclid="A", user=UserData(ttclid="T"))
    visit.at(2, "Purchase", "late", clock=0.5)
    assert fbcs(visit) == {"before": "", "o": fbc(1, "A"), "late": ""}
    assert {e.event.user.ttclid for e in left_of(visit).values()} == {"", "T"}


def test_a_later_cookie_does_not_move_the_click_forward_and_an_earlier_one_moves_it_back() -> None:
    visit = Visit()
    visit.at(2, "PageView", "click", fbclid="A")
    visit.at(3, "PageView", "later", user=UserData(fbc=fbc(2.5, "A")))
    visit.at(4, "Purchase", "o")
    assert fbcs(visit) == {"click": fbc(2, "A"), "later": fbc(2.5, "A"), "o": fbc(2, "A")}
    visit.at(5, "PageView", "earlier", user=UserData(fbc=fbc(1, "A")))
    visit.at(6, "Purchase", "o2")
    assert fbcs(visit)["o2"] == fbc(1, "A")


def test_the_cookie_of_an_older_click_stays_known_as_such() -> None:
    visit = Visit()
    visit.at(5, "PageView", "b", fbclid="B", user=UserData(fbc=fbc(1, "A")))
    visit.at(6, "Purchase", "late", clock=4)
    assert fbcs(visit) == {"b": fbc(5, "B"), "late": fbc(1, "A")}
    assert left_of(visit)["b"].backfilled == {}


@pytest.mark.parametrize(("minute", "expected"), [(90 * DAY, "fb.1.0.A"), (90 * DAY + 0.001, "")])
def test_a_click_of_more_than_ninety_days_before_is_not_sent(minute: float, expected: str) -> None:
    visit = Visit()
    visit.at(0, IDENTIFY, "i", fbclid="A")
    visit.at(1, "Purchase", "o", clock=minute)
    assert fbcs(visit)["o"] == expected


def test_the_newest_clicks_are_kept_and_those_of_held_events_never_get_lost() -> None:
    visit = Visit()
    for number in range(MOST_CLICKS + 2):
        visit.at(number, "PageView", f"e{number}", fbclid=f"C{number}", user=UserData(ttclid=f"T{number}"))
    visit.at(20, "PageView", "again", fbclid="C0")
    assert visit.session is not None
    assert [click.field for click in visit.session.clicks].count("fbc") == MOST_CLICKS
    assert [click.field for click in visit.session.clicks].count("ttclid") == MOST_CLICKS
    visit.at(21, "Purchase", "o")
    assert fbcs(visit)["again"] == fbcs(visit)["e0"] == fbc(0, "C0")
    assert fbcs(visit)["o"] == fbc(MOST_CLICKS + 1, f"C{MOST_CLICKS + 1}")


def test_two_clicks_in_one_millisecond_the_one_noted_last_counts() -> None:
    visit = Visit()
    visit.at(0, "PageView", "a", fbclid="A")
    visit.at(0, "PageView", "b", fbclid="B")
    visit.at(1, "Purchase", "o")
    assert fbcs(visit)["o"] == fbc(0, "B")


def test_someone_else_does_not_get_the_click_of_the_person_before() -> None:
    visit = Visit()
    visit.at(0, "PageView", "p", fbclid="A")
    visit.at(1, "Purchase", "o", someone_else=True, user=UserData(em=("bb",)))
    assert fbcs(visit) == {"p": fbc(0, "A"), "o": ""}


def test_the_ledger_is_stored() -> None:
    visit = Visit()
    visit.at(0, "Purchase", "o", fbclid="A")
    assert visit.session is not None and decode_session(encode_session(visit.session)) == visit.session
    assert visit.session.clicks != ()


def test_a_session_stored_before_there_was_a_ledger_finds_the_clicks_of_what_it_holds() -> None:
    visit = Visit()
    visit.at(0, "PageView", "p", user=UserData(ttclid="T", fbc=fbc(0, "A")))
    assert visit.session is not None
    stored = encode_session(visit.session).replace(b'"clicks":', b'"unknown":')
    visit.session = decode_session(stored)
    visit.at(1, "Purchase", "o")
    assert left_of(visit)["o"].event.user == UserData(ttclid="T", fbc=fbc(0, "A"))
