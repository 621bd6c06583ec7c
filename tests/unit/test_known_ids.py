"""Beside the sets, sessions decide as they do alone."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.events import Event, encode, session_key
from streams.known_ids import FEW, KnownIds
from streams.session import Arrival, Duplicate, Limits, arrive
from streams.session_state import Session
from streams.windows import Windows

KEY = session_key("default", "s")
SHORT = Limits(idle_ms=100, grace_ms=100, max_age_ms=400, max_events=40)


def arrival(event_id: int, at_ms: int, offset: int, name: str = "PageView") -> Arrival:
    event = Event(event_id=f"e{event_id}", event_name=name, event_time_ms=at_ms, tenant="default", session_id="s")
    return Arrival(KEY, 0, offset, at_ms, event, encode(event))


Step = tuple[int, int, bool]  # event id, ms since the one before, whether it is a purchase


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from([0, 0, 1, 60, 150]), st.booleans()), max_size=120))
def test_the_same_sessions_and_effects_as_without_sets(steps: list[Step]) -> None:
    beside, alone, now_ms = Windows({}, lambda _: SHORT), dict[bytes, Session](), 0
    for offset, (event_id, later_ms, bought) in enumerate(steps):
        now_ms += later_ms
        came = arrival(event_id, now_ms, offset, "Purchase" if bought else "PageView")
        effects = beside.arrive(came)
        alone[KEY], own = arrive(came, alone.get(KEY), SHORT)
        # time may have passed for the partition before the event came; what leaves is the same
        assert tuple(effects[-len(own) :] if own else ()) == own
    assert beside._table.get(KEY) == alone.get(KEY)


def test_a_duplicate_in_a_large_session_is_one_and_an_id_that_was_forgotten_is_not() -> None:
    windows = Windows({}, lambda _: Limits(hold="immediate"))
    for number in range(1_100):  # SEEN_IDS is 1,000: the first hundred are forgotten
        windows.arrive(arrival(number, number, number))
    assert [*map(type, windows.arrive(arrival(1_099, 1_100, 1_100)))] == [Duplicate]
    assert Duplicate not in map(type, windows.arrive(arrival(5, 1_101, 1_101)))


def test_sets_stay_in_proportion_and_go_with_their_session() -> None:
    ids, largest = KnownIds(), 0
    session: Session | None = None
    for number in range(5_000):
        came = arrival(number, number, number)
        ids.of(KEY, session)
        session, _ = arrive(came, session, Limits(hold="immediate"))
        ids.keep(KEY, session, came.event.event_id)
        known = ids.of(KEY, session)
        largest = max(largest, len(known) if isinstance(known, set) else 0)
    assert FEW < largest <= 2_001
    ids.keep(KEY, None)
    assert ids._sets == {}
