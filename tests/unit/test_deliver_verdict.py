"""The verdict on delivery sees what it is there to see."""

from __future__ import annotations

from typing import Any

import pytest

from sinks.topology import routing_key
from tests.faults.deliver_jobs import make_jobs
from tests.faults.deliver_verdict import Found, Report, judge

JOBS = {job.event.event_id: job for job in make_jobs(7, 10)}
KEYS = {event_id: routing_key(job.platform, job.event_name) for event_id, job in JOBS.items()}


def verdict(**changes: Any) -> Report:
    """Of a trial in which all went well but for `changes`: e-1 failed twice and came home twice."""
    well: dict[str, Any] = {
        "jobs": JOBS,
        "accepted": frozenset(JOBS),
        "taken": dict.fromkeys(JOBS, 1),
        "failed": {"e-1": 2},
        "excused": {},
        "came_home": [("e-1", KEYS["e-1"], 2), ("e-1", KEYS["e-1"], 3)],
        "left": {"meta_queue": 0},
        "strikes": 1,
        "exits": (),
        "most_in_hand": 1,
    }
    return judge("a fault", 7, Found(**(well | changes)), 0.0, 0.0)


def test_all_went_well() -> None:
    found = verdict()
    assert found.problems == ()
    assert (found.delivered, found.came_home, found.duplicated) == (10, 1, 0)
    assert (found.overcounted, found.undercounted) == (0, 0)


def test_a_duplicate_is_excused_as_often_as_its_event_was_in_flight() -> None:
    twice = dict.fromkeys(JOBS, 1) | {"e-3": 2}
    assert verdict(taken=twice, excused={"e-3": 1}).problems == ()
    assert verdict(taken=twice, excused={"e-4": 1}).problems == (
        "1 taken again that were not in flight, for example ['e-3']",
    )
    assert verdict(taken=twice | {"e-3": 3}, excused={"e-3": 1}).duplicated == 2
    assert verdict(taken=twice | {"e-3": 3}, excused={"e-3": 1}).problems


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"taken": dict.fromkeys([f"e-{n}" for n in range(9)], 1)}, "1 lost, for example ['e-9']"),
        ({"taken": dict.fromkeys([*JOBS, "e-99"], 1)}, "1 unexpected, for example ['e-99']"),
        ({"left": {"capi_parked": 3}}, "3 left in capi_parked"),
        ({"strikes": 0}, "the fault never struck"),
        ({"came_home": [("e-1", "meta.other", 3)]}, "1 came home with another routing key, for example ['e-1']"),
        ({"came_home": [("e-1", KEYS["e-1"], 4)]}, "1 with more attempts than failures"),
        ({"failed": {"e-1": 2, "e-2": 1, "e-3": 1}}, "2 with fewer attempts than failures"),
    ],
)
def test_what_went_wrong_is_a_problem(changes: dict[str, Any], problem: str) -> None:
    assert verdict(**changes).problems == (problem,)


def test_one_strike_may_cost_the_count_of_what_was_in_hand() -> None:
    found = verdict(failed={"e-1": 2, "e-2": 1})
    assert found.undercounted == 1
    assert found.problems == ()


def test_delivered_without_a_confirm_is_recovered_and_not_lost() -> None:
    found = verdict(accepted=frozenset(set(JOBS) - {"e-5"}))
    assert (found.lost, found.recovered) == (0, 1)
    assert found.problems == ()
