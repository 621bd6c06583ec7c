"""When a partition stands still, as pure rules."""

from __future__ import annotations

import pytest

from streams.runs.stall import Place, StallWatch

AT_REST = Place(position=10, fetched=9, reached=9, committed=9)


@pytest.mark.parametrize(
    "place, end, owes",
    [
        (AT_REST, 10, False),  # offset 9 is a marker: nobody is ever given it
        (AT_REST, 11, True),
        (Place(), 0, False),
        (Place(), 1, True),
        (Place(position=10, fetched=10, reached=9, committed=9), 10, True),  # in the queue to the agent
        (Place(position=10, fetched=10, reached=10, committed=9), 10, True),  # its transaction is under way
    ],
)
def test_what_a_partition_owes(place: Place, end: int, owes: bool) -> None:
    assert place.owes(end) is owes


def test_only_what_does_not_move_is_named() -> None:
    watch: StallWatch[int] = StallWatch(stall_s=60)
    for now_s in range(0, 60, 10):
        places = {0: AT_REST, 1: AT_REST, 2: Place(position=10 + now_s)}
        assert watch.look(places, {0: 10, 1: 20, 2: 1000}, now_s) == {}
    assert watch.look({0: AT_REST, 1: AT_REST, 2: Place(position=99)}, {0: 10, 1: 20, 2: 1000}, 60) == {1: AT_REST}


def test_the_time_at_rest_does_not_count() -> None:
    watch: StallWatch[int] = StallWatch(stall_s=60)
    assert watch.look({0: AT_REST}, {0: 10}, 0) == {}
    assert watch.look({0: AT_REST}, {0: 10}, 1_000) == {}
    assert watch.look({0: AT_REST}, {0: 11}, 1_010) == {}
    assert watch.look({0: AT_REST}, {0: 11}, 1_059) == {}
    assert watch.look({0: AT_REST}, {0: 11}, 1_061) == {0: AT_REST}


def test_a_restore_that_goes_on_is_progress() -> None:
    watch: StallWatch[int] = StallWatch(stall_s=60)
    for now_s in range(0, 600, 30):
        assert watch.look({0: Place(restored=now_s)}, {0: 5}, now_s) == {}


def test_an_excuse_and_a_partition_that_left_begin_anew() -> None:
    watch: StallWatch[int] = StallWatch(stall_s=60)
    watch.look({0: AT_REST, 1: AT_REST}, {0: 20, 1: 20}, 0)
    watch.look({0: AT_REST}, {0: 20}, 30)
    assert watch.look({0: AT_REST, 1: AT_REST}, {0: 20, 1: 20}, 59) == {}
    watch.excuse()
    assert watch.look({0: AT_REST, 1: AT_REST}, {0: 20, 1: 20}, 100) == {}
    assert watch.look({0: AT_REST, 1: AT_REST}, {0: 20, 1: 20}, 160) == {0: AT_REST, 1: AT_REST}
