"""What a session asks and teaches the memory of returning visitors, and what it does with the answer."""

from __future__ import annotations

import msgspec
import pytest

from streams.events import Identity, UserData
from streams.session import IDENTIFY
from streams.session_state import Limits
from tests.unit.visits import EMAIL, MINUTE, REMEMBERS, Visit, left_of, shape, told

SECOND = 1 / 60
X1 = UserData(external_id=("x1", "x2"))
FBP = UserData(fbp="f")


def said(visit: Visit) -> list[tuple[str, bool, Identity]]:
    return [(message.visitor, message.asks, message.identity) for message in told(visit.left)]


def test_a_tenant_that_does_not_remember_says_nothing() -> None:
    visit = Visit(Limits())
    visit.at(0, "PageView", "p", user=UserData(external_id=("x1",), fbp="f", em=("aa",)))
    visit.at(1, "PageView", "q", user=FBP, consent="denied")
    assert said(visit) == []


def test_one_message_a_visitor_asks_and_teaches() -> None:
    visit = Visit(REMEMBERS)
    visit.at(0, "PageView", "p", user=UserData(em=("aa",), external_id=("x1",), fbp="f", ttp="t"))
    lesson: Identity = {"em": ("aa",), "external_id": ("x1",)}
    assert said(visit) == [("external_id:x1", True, lesson), ("fbp:f", False, lesson), ("ttp:t", False, lesson)]


def test_the_browser_is_asked_once_and_a_stronger_kind_again() -> None:
    visit = Visit(REMEMBERS)
    visit.at(0, "PageView", "p", user=UserData(ttp="t"))
    visit.at(1, "PageView", "p2", user=UserData(ttp="t"))
    visit.at(2, "PageView", "q", user=FBP)
    visit.at(3, "PageView", "r", user=X1)
    visit.at(4, "Purchase", "o", user=UserData(fbp="f", ttp="t", external_id=("x1",)))
    ids: Identity = {"external_id": ("x1", "x2")}
    assert said(visit) == [
        ("ttp:t", True, {}),
        ("fbp:f", True, {}),
        ("external_id:x1", True, ids),
        ("fbp:f", False, ids),
        ("ttp:t", False, ids),
    ]


def test_a_visitor_that_appears_later_is_taught_all_that_is_known() -> None:
    visit = Visit(REMEMBERS)
    visit.at(0, IDENTIFY, "i", user=UserData(em=("aa",), ph=("pp",), client_ip="192.0.2.1"))
    visit.at(1, "PageView", "p", user=UserData(fbp="f", city="berlin"))
    visit.at(2, "PageView", "q", user=UserData(fn=("nn",), client_user_agent="Agent", ttclid="T"))
    assert said(visit) == [
        ("fbp:f", True, {"em": ("aa",), "ph": ("pp",), "city": "berlin"}),
        ("fbp:f", False, {"fn": ("nn",)}),
    ]


def test_a_returning_visitor_is_known_on_the_first_event() -> None:
    visit = Visit(REMEMBERS)
    (question,) = told(visit.at(0, "PageView", "p", user=FBP))
    visit.hears(SECOND, question, {"em": ("aa",), "fn": ("nn",), "fbc": "fb.1.1.X"})
    visit.at(1, "PageView", "q", user=UserData(fn=("mm",)))
    visit.until(40)
    first = left_of(visit)["p"]
    assert first.event.user == UserData(fbp="f", em=("aa",), fn=("mm",))
    assert first.backfilled == {"em": "visitor:fbp", "fn": "q"}


def test_what_was_recalled_is_never_taught_back() -> None:
    visit = Visit(REMEMBERS)
    (question,) = told(visit.at(0, "PageView", "p", user=FBP))
    visit.hears(SECOND, question, {"em": ("aa",)})
    visit.at(1, "PageView", "q", user=UserData(ttp="t", fn=("nn",)))
    assert said(visit)[1:] == [("fbp:f", False, {"fn": ("nn",)}), ("ttp:t", False, {"fn": ("nn",)})]


@pytest.mark.parametrize("field", ["em", "external_id", "ph", "ph_e164"])
def test_of_somebody_else_nothing_is_used(field: str) -> None:
    mine = msgspec.structs.replace(FBP, **{field: ("mine", "also")})
    for theirs, expected in [(("theirs",), ()), (("theirs", "also"), ("nn",))]:
        visit = Visit(REMEMBERS)
        (question,) = [message for message in told(visit.at(0, "PageView", "p", user=mine)) if message.asks]
        visit.hears(SECOND, question, {field: theirs, "fn": ("nn",)})
        visit.at(1, "Purchase", "o")
        assert left_of(visit)["p"].event.user.fn == expected


def test_who_has_a_new_address_is_still_known_by_the_shops_id() -> None:
    visit = Visit(REMEMBERS)
    user = UserData(external_id=("x1",), em=("new",))
    (question,) = told(visit.at(0, "PageView", "p", user=user))
    visit.hears(SECOND, question, {"external_id": ("x1",), "em": ("old",), "fn": ("nn",)})
    visit.at(1, "Purchase", "o")
    assert left_of(visit)["p"].event.user == msgspec.structs.replace(user, fn=("nn",))


def test_a_purchase_waits_for_the_answer_and_takes_along_what_came_meanwhile() -> None:
    visit = Visit(REMEMBERS)
    (question,) = told(visit.at(1, "Purchase", "o", user=FBP))
    assert shape(visit.at(1 + SECOND, "PageView", "p")) == []
    left = visit.hears(1 + 2 * SECOND, question, {"em": ("aa",)})
    assert shape(left) == [("purchase", ["o", "p"], 1 + 2 * SECOND)]
    assert left_of(visit)["o"].backfilled == {"em": "visitor:fbp"}
    assert shape(visit.at(2, "Purchase", "o2")) == [("purchase", ["o2"], 2)]


def test_a_purchase_without_an_answer_leaves_after_recall_ms() -> None:
    visit = Visit(REMEMBERS)
    (question,) = told(visit.at(1, "Purchase", "o", user=FBP))
    assert visit.until(1 + 4.999 * SECOND) == []
    assert shape(visit.until(1 + 5 * SECOND)) == [("purchase", ["o"], 1 + 5 * SECOND)]
    assert shape(visit.at(2, "Purchase", "o2")) == [("purchase", ["o2"], 2)], "nobody waits twice"
    visit.hears(3, question, {"em": ("aa",)})
    visit.at(4, "Purchase", "o3")
    assert left_of(visit)["o3"].event.user.em == ("aa",), "a late answer serves what comes then"


def test_another_question_does_not_prolong_the_wait() -> None:
    visit = Visit(REMEMBERS)
    visit.at(1, "Purchase", "o", user=FBP)
    visit.at(1 + 4 * SECOND, "PageView", "p", user=X1)
    assert shape(visit.until(2)) == [("purchase", ["o", "p"], 1 + 5 * SECOND)]


def test_an_answer_to_the_weaker_question_counts_until_the_stronger_is_answered() -> None:
    visit = Visit(REMEMBERS)
    (weaker,) = told(visit.at(1, "PageView", "p", user=FBP))
    stronger = told(visit.at(1 + SECOND, "Purchase", "o", user=X1))[0]
    assert visit.hears(1 + 2 * SECOND, weaker, {"fn": ("nn",)}) == []
    assert shape(visit.hears(1 + 3 * SECOND, stronger, {})) == [("purchase", ["p", "o"], 1 + 3 * SECOND)]
    assert left_of(visit)["p"].backfilled == {"external_id": "o", "fn": "visitor:fbp"}


def test_hold_immediate_waits_once_and_a_purchase_gives_its_reason() -> None:
    visit = Visit(Limits(hold="immediate", remembers=True))
    (question,) = told(visit.at(1, "PageView", "p", user=FBP))
    visit.at(1 + SECOND, "Purchase", "o")
    assert shape(visit.hears(1 + 2 * SECOND, question, {})) == [("purchase", ["p", "o"], 1 + 2 * SECOND)]
    assert shape(visit.at(2, "PageView", "q")) == [("immediate", ["q"], 2)]


def test_a_full_window_does_not_wait() -> None:
    visit = Visit(Limits(max_events=2, remembers=True))
    visit.at(1, "Purchase", "o", user=FBP)
    assert shape(visit.at(1 + SECOND, "PageView", "p")) == [("purchase", ["o", "p"], 1 + SECOND)]


def test_a_wait_never_outlasts_the_other_deadlines() -> None:
    visit = Visit(Limits(remembers=True, recall_ms=60 * MINUTE))
    visit.at(0, "Purchase", "o", user=FBP)
    assert shape(visit.until(100)) == [("purchase", ["o"], 30)]


def test_events_without_a_visitor_wait_for_nobody() -> None:
    visit = Visit(REMEMBERS)
    assert shape(visit.at(0, "Purchase", "o", user=EMAIL)) == [("purchase", ["o"], 0)]
    assert said(visit) == []


def test_an_answer_is_no_activity_and_none_for_who_did_not_ask() -> None:
    visit = Visit(REMEMBERS)
    (question,) = told(visit.at(0, "PageView", "p", user=FBP))
    visit.hears(20, question, {"em": ("aa",)})
    assert shape(visit.until(30)) == [("idle", ["p"], 30)]
    before = visit.session
    visit.hears(31, question, {"em": ("bb",)})
    assert visit.session is before, "answered already"
    visit.until(60)
    visit.hears(61, question, {"em": ("aa",)})
    assert visit.session is None


def test_someone_else_makes_the_browser_forget_and_does_not_ask_it() -> None:
    visit = Visit(REMEMBERS)
    (question,) = told(visit.at(0, "PageView", "p", user=FBP))
    visit.at(1, "PageView", "q", user=UserData(em=("bb",), fbp="f"), someone_else=True)
    visit.hears(1 + SECOND, question, {"fn": ("nn",)})
    visit.at(2, "Purchase", "o", user=UserData(ttp="t"))
    assert [(m.visitor, m.asks, m.replaces, m.identity) for m in told(visit.left)[1:]] == [
        ("fbp:f", False, True, {"em": ("bb",)}),
        ("ttp:t", False, True, {"em": ("bb",)}),
    ]
    assert left_of(visit)["o"].event.user == UserData(em=("bb",), fbp="f", ttp="t")


def test_someone_else_is_asked_for_by_their_own_id() -> None:
    visit = Visit(REMEMBERS)
    visit.at(0, "PageView", "p", user=X1)
    visit.at(1, "PageView", "q", user=UserData(external_id=("y",)), someone_else=True)
    assert [(m.visitor, m.asks, m.replaces) for m in told(visit.left)] == [
        ("external_id:x1", True, False),
        ("external_id:y", True, False),
    ]
    assert len({m.ask_id for m in told(visit.left)}) == 2


def test_an_answer_on_its_way_when_consent_was_withdrawn_is_not_taken() -> None:
    visit = Visit(REMEMBERS)
    (question,) = told(visit.at(0, "PageView", "p", user=FBP))
    visit.at(1, "PageView", "q", consent="denied")
    visit.at(2, "PageView", "r", consent="granted", user=FBP)
    visit.hears(2 + SECOND, question, {"em": ("aa",)})
    visit.at(3, "Purchase", "o")
    assert left_of(visit)["o"].event.user == FBP
