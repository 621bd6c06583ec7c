"""Who is known on what leaves, by example."""

from __future__ import annotations

from streams.events import UserData
from streams.session import IDENTIFY, Duplicate
from tests.unit.visits import EMAIL, OTHER, Visit, batches, shape, user_of


def test_identity_reaches_back_to_all_that_waits_and_names_its_source() -> None:
    visit = Visit()
    visit.at(0, "PageView", "p", user=UserData(fbp="fb.1"))
    visit.at(1, "Lead", "l", user=EMAIL)
    visit.at(2, "Purchase", "o")
    batch = batches(visit.left)[0]
    assert {e.event.event_id: e.backfilled for e in batch.events} == {
        "p": {"em": "l"},
        "l": {"fbp": "p"},
        "o": {"em": "l", "fbp": "p"},
    }
    assert {(e.event.user.em, e.event.user.fbp) for e in batch.events} == {(("aa",), "fb.1")}


def test_own_fields_win_and_what_is_known_is_not_overwritten() -> None:
    visit = Visit()
    visit.at(0, IDENTIFY, "i", user=EMAIL)
    visit.at(1, "Lead", "l", user=OTHER)
    visit.at(2, "Purchase", "o")
    batch = batches(visit.left)[0]
    assert user_of(batch, "l").em == ("bb",)
    assert user_of(batch, "o").em == ("aa",)


def test_identity_outlives_purchase_idle_and_max_age() -> None:
    visit = Visit()
    visit.at(0, "Purchase", "o", user=EMAIL)
    visit.at(1, "PageView", "p")
    visit.until(31)
    for minute in range(40, 290, 20):
        visit.at(minute, "PageView", f"e{minute}")
    assert [b.reason for b in batches(visit.left)] == ["purchase", "idle", "max_age"]
    assert {e.event.user.em for b in batches(visit.left) for e in b.events} == {("aa",)}


def test_someone_else_logs_in() -> None:
    visit = Visit()
    visit.at(0, "PageView", "p", user=UserData(em=("aa",), fbp="fb.1"))
    left = visit.at(1, IDENTIFY, "i", user=OTHER, someone_else=True)
    assert shape(left) == [("identity", ["p"], 1)]
    assert user_of(batches(left)[0], "p").em == ("aa",)
    bought = batches(visit.at(2, "Purchase", "o"))[0]
    assert user_of(bought, "o") == OTHER  # not the former person's browser id either


def test_someone_else_who_buys_at_once_makes_two_batches() -> None:
    visit = Visit()
    visit.at(0, "PageView", "p", user=EMAIL)
    left = visit.at(1, "Purchase", "o", user=OTHER, someone_else=True)
    assert shape(left) == [("identity", ["p"], 1), ("purchase", ["o"], 1)]
    assert len({b.batch_id for b in batches(left)}) == 2


def test_identify_is_never_delivered_and_keeps_the_session_alive() -> None:
    visit = Visit()
    visit.at(0, "PageView", "p")
    visit.at(20, IDENTIFY, "i", user=EMAIL)
    assert shape(visit.until(55)) == [("idle", ["p"], 50)]
    assert visit.at(59, IDENTIFY, "i") == [Duplicate("default", "i")]


def test_a_removed_marker_knows_nobody() -> None:
    visit = Visit()
    visit.at(0, "Purchase", "o", user=EMAIL)
    visit.at(40, "Purchase", "o2")
    assert user_of(batches(visit.left)[-1], "o2") == UserData()
