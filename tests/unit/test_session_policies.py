"""Hold policies and consent, by example."""

from __future__ import annotations

from streams.events import UserData
from streams.session import IDENTIFY, Dropped, Duplicate, Limits, encode_session
from tests.unit.visits import ADAPTIVE, EMAIL, Visit, batches, shape, user_of


def test_hold_immediate_lets_go_at_once_with_what_is_known() -> None:
    visit = Visit(Limits(hold="immediate"))
    visit.at(0, IDENTIFY, "i", user=EMAIL)
    left = visit.at(1, "PageView", "p")
    assert shape(left) == [("immediate", ["p"], 1)]
    assert user_of(batches(left)[0], "p").em == ("aa",)
    assert visit.at(2, "PageView", "p") == [Duplicate("default", "p")]


def test_hold_adaptive_releases_what_the_browser_sent_inside_the_merge_window() -> None:
    visit = Visit(ADAPTIVE)
    visit.at(0, "PageView", "blocked")
    visit.at(1, "PageView", "fired", fired=("meta",))
    visit.at(2, IDENTIFY, "i", user=EMAIL)
    visit.at(4, "PageView", "later", fired=("tiktok",))
    left = visit.until(5)
    assert shape(left) == [("merge_window", ["fired"], 5)]
    assert user_of(batches(left)[0], "fired").em == ("aa",)
    assert visit.session is not None
    assert visit.session.size == sum(len(bytes(held.raw)) for held in visit.session.held) > 0
    assert shape(visit.until(60)) == [("merge_window", ["later"], 8), ("idle", ["blocked"], 34)]
    assert len({b.batch_id for b in batches(visit.left)}) == 3


def test_hold_adaptive_a_purchase_takes_everything() -> None:
    visit = Visit(ADAPTIVE)
    visit.at(0, "PageView", "blocked")
    visit.at(1, "PageView", "fired", fired=("meta",))
    assert shape(visit.at(2, "Purchase", "o")) == [("purchase", ["blocked", "fired", "o"], 2)]
    assert visit.until(9) == []


def test_hold_session_does_not_ask_about_the_browser() -> None:
    visit = Visit()
    visit.at(0, "PageView", "fired", fired=("meta",))
    assert visit.until(29) == []


def test_consent_denied_drops_what_waits_and_forgets_who() -> None:
    visit = Visit()
    visit.at(0, "PageView", "p", user=EMAIL)
    assert visit.at(1, "PageView", "q", consent="denied") == [
        Dropped("default", ((1, "p"), (2, "q")), "consent denied")
    ]
    assert visit.at(2, "Purchase", "o", user=EMAIL) == [Dropped("default", ((3, "o"),), "consent denied")]
    assert visit.session is not None and visit.session.identity == {}
    assert b"aa" not in encode_session(visit.session)


def test_consent_granted_again_counts_from_then_on() -> None:
    visit = Visit()
    visit.at(0, "PageView", "p", user=EMAIL, consent="denied")
    left = visit.at(1, "Purchase", "o", consent="granted")
    assert shape(left) == [("purchase", ["o"], 1)]
    assert user_of(batches(left)[0], "o") == UserData()
    assert visit.at(2, "PageView", "p", consent="granted") == [Duplicate("default", "p")]
