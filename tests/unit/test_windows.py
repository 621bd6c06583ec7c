"""All sessions of a worker: the order in which they fall due, and the laziness of the heap."""

from __future__ import annotations

from collections.abc import Iterator

from streams.events import Event, encode
from streams.session import Arrival, Effect, Flushed, Limits, Session, decode_session, encode_session
from streams.windows import Windows

LIMITS = Limits(idle_ms=100, max_age_ms=1_000, grace_ms=50, merge_ms=30)
TENANTS = {
    b"slow": LIMITS,
    b"quick": Limits(idle_ms=20, max_age_ms=1_000, grace_ms=50),
    b"merge": Limits(idle_ms=100, max_age_ms=1_000, grace_ms=50, merge_ms=30, hold="adaptive"),
}


def windows(table: dict[bytes, Session] | None = None) -> Windows:
    return Windows({} if table is None else table, lambda key: TENANTS[key.partition(b"|")[0]])


def arrival(
    at_ms: int, session_id: str, offset: int, *, tenant: str = "slow", name: str = "PageView", fired: bool = False
) -> Arrival:
    event = Event(
        event_id=f"e{offset}",
        event_name=name,
        event_time_ms=at_ms,
        tenant=tenant,
        session_id=session_id,
        browser_fired=("meta",) if fired else (),
    )
    return Arrival(event.key, 0, offset, at_ms, event, encode(event))


def told(effects: list[Effect]) -> list[tuple[str, int]]:
    return [(e.batch.session_id, e.batch.flushed_at_ms) for e in effects if isinstance(e, Flushed)]


def test_sessions_fall_due_by_deadline_then_key_however_late_the_tick() -> None:
    late = windows()
    for offset, (at_ms, session_id) in enumerate([(0, "c"), (0, "b"), (5, "a"), (5, "d")]):
        late.arrive(arrival(at_ms, session_id, offset))
    assert told(late.advance(0, 99)) == []
    assert told(late.advance(0, 10_000)) == [("b", 100), ("c", 100), ("a", 105), ("d", 105)]


def test_a_session_that_moved_on_is_not_closed_at_its_old_deadline() -> None:
    moving = windows()
    moving.arrive(arrival(0, "a", 0))
    moving.arrive(arrival(60, "a", 1))
    assert told(moving.advance(0, 159)) == []
    assert told(moving.advance(0, 160)) == [("a", 160)]


def test_several_deadlines_of_one_session_take_turns_with_those_of_others() -> None:
    mixed = windows()
    mixed.arrive(arrival(0, "a", 0, tenant="merge", fired=True))
    mixed.arrive(arrival(0, "a", 1, tenant="merge"))
    mixed.arrive(arrival(15, "b", 2, tenant="quick"))
    assert told(mixed.advance(0, 10_000)) == [("a", 30), ("b", 35), ("a", 100)]


def test_an_event_makes_others_due_before_it_counts_itself() -> None:
    both = windows()
    both.arrive(arrival(0, "a", 0))
    assert told(both.arrive(arrival(100, "b", 1, name="Purchase"))) == [("a", 100), ("b", 100)]


def test_an_event_costs_no_heap_entry_while_its_session_is_scheduled() -> None:
    busy = windows()
    for offset in range(50):
        busy.arrive(arrival(offset, "a", offset))
    assert len(busy._heaps[0]) == 1


def test_a_marker_that_opens_again_is_due_earlier_than_it_was_scheduled() -> None:
    again = windows()
    again.arrive(arrival(0, "a", 0, name="Purchase"))  # the marker would go at 150
    again.arrive(arrival(10, "a", 1))  # now due at 110
    assert told(again.advance(0, 110)) == [("a", 110)]


def test_each_tenant_has_its_own_limits() -> None:
    two = windows()
    two.arrive(arrival(0, "a", 0, tenant="slow"))
    two.arrive(arrival(0, "b", 1, tenant="quick"))
    assert told(two.advance(0, 30)) == [("b", 20)]


def test_a_partition_moves_only_itself() -> None:
    two = windows()
    two.arrive(arrival(0, "a", 0))
    assert two.advance(1, 10_000) == []
    assert told(two.advance(0, 10_000)) == [("a", 100)]


def test_an_assignment_replaces_what_was_scheduled() -> None:
    table: dict[bytes, Session] = {}
    first = windows(table)
    first.arrive(arrival(0, "gone", 0))
    first.arrive(arrival(0, "kept", 1))
    stored = {key: encode_session(session) for key, session in table.items()}
    table.clear()
    table[b"slow|kept"] = decode_session(stored[b"slow|kept"])
    keys: Iterator[bytes] = iter([b"slow|kept"])
    first.assign({0: keys})
    assert told(first.advance(0, 10_000)) == [("kept", 100)]
    assert table == {}


def test_a_write_happens_only_where_something_changed() -> None:
    """Every write of the table is a record in the changelog: looking at a session must not make one."""

    class Counting(dict[bytes, Session]):
        writes = 0

        def __setitem__(self, key: bytes, value: Session) -> None:
            self.writes += 1
            super().__setitem__(key, value)

    table = Counting()
    watched = windows(table)
    watched.arrive(arrival(0, "a", 0))
    watched.arrive(arrival(60, "a", 1))
    watched.arrive(arrival(70, "a", 1))  # a duplicate
    watched.advance(0, 120)  # its first deadline has passed, but it has moved on
    assert table.writes == 2
