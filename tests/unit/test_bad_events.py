"""HTTP calls for bad events, counted at the stand-in: the bounds of what bench/bad_events.py prints."""

from __future__ import annotations

from bench.bad_events import CASES, Case, costs

MOST_CALLS = {
    Case(50, 1, True): 2,
    Case(50, 2, True): 3,
    Case(50, 5, True): 6,
    Case(50, 1, False): 9,
    Case(50, 2, False): 17,
    Case(50, 5, False): 32,
    Case(1000, 1, True): 2,
    Case(1000, 2, True): 3,
    Case(1000, 5, True): 6,
    Case(1000, 1, False): 13,
    Case(1000, 2, False): 25,
    Case(1000, 5, False): 60,
}


async def test_calls_for_bad_events_in_a_batch() -> None:
    assert set(MOST_CALLS) == set(CASES)
    for case, (found,) in (await costs(seeds=1)).items():
        assert found.calls <= MOST_CALLS[case], case
        assert found.delivered + found.refused + found.left == case.size
        if case != Case(50, 5, False):  # every tenth is bad: beyond the budget
            assert (found.refused, found.left) == (case.bad, 0), case
