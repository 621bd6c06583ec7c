"""Erasure on request, in a session and in all sessions of a partition."""

from __future__ import annotations

import pytest

from streams.effects import Arrival, Dropped
from streams.events import Erase, Event, UserData, encode
from streams.session import Duplicate
from streams.session_state import Limits, Session, decode_session, encode_session
from streams.windows import Windows
from tests.unit.visits import REMEMBERS, Visit, left_of, shape, told

EM, OTHER = "e" * 64, "f" * 64


@pytest.mark.parametrize(("field", "digest", "gone"), [("em", EM, True), ("em", OTHER, True), ("ph", EM, False)])
def test_what_is_known_or_held_is_dropped_once_it_has_the_digest(field: str, digest: str, gone: bool) -> None:
    """The session knows EM; OTHER is only in an event that is held."""
    visit = Visit()
    visit.at(0, "PageView", "p", user=UserData(em=(EM,), ttclid="T"), fbclid="A")
    visit.at(1, "PageView", "q", user=UserData(em=(OTHER,)))
    visit.at(1, "PageView", "r")
    if field == "ph":  # nothing is held that has it
        visit.at(2, "Purchase", "o")
    left = visit.erases(3, field, digest)
    if not gone:
        assert left == []
        return
    assert left == [Dropped("default", ((1, "p"), (2, "q"), (3, "r")), "erased on request")]
    assert visit.session is not None and EM.encode() not in encode_session(visit.session)
    assert visit.at(4, "PageView", "p") == [Duplicate("default", "p")]
    visit.at(5, "Purchase", "later")
    assert left_of(visit)["later"].event.user == UserData()


def test_what_was_recalled_is_erased() -> None:
    visit = Visit(REMEMBERS)
    (question,) = told(visit.at(0, "PageView", "p", user=UserData(fbp="f")))
    visit.hears(1, question, {"em": (EM,)})
    assert visit.erases(2, "em", EM) == [Dropped("default", ((1, "p"),), "erased on request")]
    assert visit.session is not None and EM.encode() not in encode_session(visit.session)


def test_an_answer_on_its_way_may_be_of_the_erased_and_is_not_taken() -> None:
    visit = Visit(REMEMBERS)
    (question,) = told(visit.at(0, "Purchase", "o", user=UserData(fbp="f")))
    assert shape(visit.erases(0.01, "em", EM)) == [("purchase", ["o"], 0.01)]
    assert visit.hears(0.02, question, {"em": (EM,)}) == []
    visit.at(1, "Purchase", "o2")
    assert left_of(visit)["o2"].event.user.em == ()


def test_others_and_other_tenants_are_left_alone() -> None:
    table: dict[bytes, Session] = {}
    windows = Windows(table, lambda _: Limits())
    for offset, (tenant, session_id, em) in enumerate(
        [("a", "1", EM), ("a", "2", OTHER), ("b", "1", EM), ("a", "3", EM), ("ab", "1", EM)]
    ):
        event = Event(
            event_id=f"e{offset}",
            event_name="PageView",
            event_time_ms=0,
            tenant=tenant,
            session_id=session_id,
            user=UserData(em=(em,)),
        )
        windows.arrive(Arrival(event.key, 0, offset, offset, event, encode(event)))
    stored = {key: encode_session(session) for key, session in table.items()}
    effects, changed = windows.erase(0, Erase(tenant="a", field="em", digest=EM), 10)
    assert changed == {b"a|1", b"a|3"}
    assert [effect.events for effect in effects if isinstance(effect, Dropped)] == [((0, "e0"),), ((3, "e3"),)]
    assert {key for key in table if encode_session(table[key]) != stored[key]} == changed
    assert all(decode_session(encode_session(table[key])) == table[key] for key in table)


def test_an_erasure_moves_time_first() -> None:
    table: dict[bytes, Session] = {}
    windows = Windows(table, lambda _: Limits(idle_ms=100))
    event = Event(
        event_id="e", event_name="PageView", event_time_ms=0, tenant="a", session_id="1", user=UserData(em=(EM,))
    )
    windows.arrive(Arrival(event.key, 0, 0, 0, event, encode(event)))
    effects, changed = windows.erase(0, Erase(tenant="a", field="em", digest=EM), 100)
    assert [type(effect).__name__ for effect in effects] == ["Flushed"]
    assert changed == {b"a|1"}, "who it was is still known to the marker"
    assert table[b"a|1"].identity == {}
    assert windows.erase(1, Erase(tenant="a", field="em", digest=EM), 100) == ([], set())
