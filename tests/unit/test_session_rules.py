"""When a session window closes, what it remembers, and how it is stored, by example."""

from __future__ import annotations

import msgspec
import pytest

from streams.events import Event, encode
from streams.session import IDENTIFY, SEEN_IDS, Duplicate, Limits, Session, decode_session, due_at, encode_session
from tests.unit.visits import ADAPTIVE, DEFAULTS, EMAIL, MINUTE, Visit, batches, shape, user_of


def test_the_table_in_the_docstring() -> None:
    visit = Visit()
    assert visit.at(0, "PageView", "p") == []
    assert visit.at(1, "PageView", "p") == [Duplicate("default", "p")]
    assert visit.at(2, IDENTIFY, "i", user=EMAIL) == []
    bought = visit.at(3, "Purchase", "o")
    assert shape(bought) == [("purchase", ["p", "o"], 3)]
    assert [e.event.user.em for e in batches(bought)[0].events] == [("aa",), ("aa",)]
    assert visit.at(4, "ViewContent", "v") == []
    idle = visit.until(34)
    assert shape(idle) == [("idle", ["v"], 34)]
    assert user_of(batches(idle)[0], "v").em == ("aa",)
    assert visit.until(43.9) == [] and visit.session is not None
    assert visit.until(44) == [] and visit.session is None


@pytest.mark.parametrize(("minute", "flushed"), [(29.999, []), (30, [("idle", ["a"], 30)])])
def test_a_gap_of_exactly_idle_closes_the_window(minute: float, flushed: list[object]) -> None:
    visit = Visit()
    visit.at(0, "PageView", "a")
    assert shape(visit.at(minute, "PageView", "b")) == flushed


def test_time_that_no_tick_told_counts_when_the_next_event_comes() -> None:
    visit = Visit()
    visit.at(0, "PageView", "a")
    assert shape(visit.at(35, "Purchase", "b")) == [("idle", ["a"], 30), ("purchase", ["b"], 35)]


def test_an_active_visitor_is_flushed_at_max_age_of_the_oldest() -> None:
    visit = Visit()
    for minute in range(0, 241, 20):
        visit.at(minute, "PageView", f"e{minute}")
    assert shape(visit.left) == [("max_age", [f"e{m}" for m in range(0, 240, 20)], 240)]
    assert shape(visit.until(270)) == [("idle", ["e240"], 270)]


def test_a_full_window_is_flushed_by_count() -> None:
    visit = Visit(Limits(max_events=3))
    for number in range(4):
        visit.at(number, "PageView", f"e{number}")
    assert shape(visit.left) == [("size", ["e0", "e1", "e2"], 2)]
    assert visit.session is not None and [held.event_id for held in visit.session.held] == ["e3"]


def test_a_full_window_is_flushed_by_bytes() -> None:
    visit = Visit(Limits(max_bytes=400))
    for number in range(4):
        visit.at(number, "PageView", f"e{number}")
    size = len(encode(msgspec.structs.replace(batches(visit.left)[0].events[0].event, consent="")))
    assert [len(b.events) for b in batches(visit.left)] == [-(-400 // size)]
    assert {b.reason for b in batches(visit.left)} == {"size"}


def test_no_event_name_flushes_when_none_is_set() -> None:
    visit = Visit(Limits(flush_on=frozenset()))
    assert visit.at(0, "Purchase", "o") == []


def test_a_duplicate_is_known_while_open_while_closed_and_not_after() -> None:
    visit = Visit()
    visit.at(0, "PageView", "p")
    assert visit.at(10, "PageView", "p") == [Duplicate("default", "p")]
    assert shape(visit.until(30)) == [("idle", ["p"], 30)]  # a duplicate is no activity
    assert visit.at(39, "PageView", "p") == [Duplicate("default", "p")]
    assert visit.at(40, "PageView", "p") == []
    assert shape(visit.until(100)) == [("idle", ["p"], 70)]
    assert [b.batch_id for b in batches(visit.left)] != []
    assert len({b.batch_id for b in batches(visit.left)}) == 2


def test_the_oldest_ids_are_forgotten_first() -> None:
    visit = Visit(Limits(hold="immediate"))
    for number in range(SEEN_IDS + 1):
        visit.at(number / 1000, "PageView", f"e{number}")
    assert visit.session is not None and len(visit.session.seen) == SEEN_IDS
    assert visit.at(2, "PageView", "e1") == [Duplicate("default", "e1")]
    assert shape(visit.at(2, "PageView", "e0")) == [("immediate", ["e0"], 2)]


def test_due_at_is_the_first_deadline_or_the_end_of_the_marker() -> None:
    visit = Visit()
    visit.at(0, "PageView", "p")
    assert visit.session is not None and due_at(visit.session, DEFAULTS) == 30 * MINUTE
    visit.at(1, "Purchase", "o")
    assert due_at(visit.session, DEFAULTS) == 41 * MINUTE


def test_white_space_around_a_value_weighs_nothing_before_or_after_a_restart() -> None:
    """Bug: restored values lost their white space, so `size` differed after a restart."""
    visit = Visit(ADAPTIVE)
    event = Event(event_id="p", event_name="PageView", event_time_ms=0, tenant="default", session_id="s1")
    visit.record(0, event, b" \n" + encode(event) + b"\r\n\t ")
    assert visit.session is not None and visit.session.size == len(encode(event))
    assert decode_session(encode_session(visit.session)) == visit.session


def test_a_stored_value_names_its_format_and_another_format_is_refused() -> None:
    """Bug: `v` was left out when it had its default, and nobody looked at it."""
    stored = encode_session(Session(last_at_ms=1, last_offset=2))
    assert msgspec.json.decode(stored)["v"] == 1
    with pytest.raises(msgspec.ValidationError, match=r"\$\.v"):
        decode_session(stored.replace(b'"v":1', b'"v":2'))
