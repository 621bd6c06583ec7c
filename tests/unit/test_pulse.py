"""Runs come to the agent one after the other: none twice, none left out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from streams.runs.pulse import Pulse


def pulse() -> Pulse:
    return Pulse(cast(Any, SimpleNamespace(settings=SimpleNamespace(stall_s=60.0))))


def test_runs_in_order_pass_and_partitions_do_not_mix() -> None:
    found = pulse()
    for partition, next_offset in ((0, 10), (1, 7), (0, 30)):  # offset 10 to 19 of partition 0 are markers
        found.fetch(partition, next_offset)
    found.reach(0, 0, 10)
    found.reach(1, 0, 7)
    found.reach(0, 20, 30)
    assert found.reached == {0: 30, 1: 7}


def test_a_run_that_comes_again_is_refused() -> None:
    found = pulse()
    found.fetch(0, 10)
    found.reach(0, 0, 10)
    found.fetch(0, 10)
    with pytest.raises(RuntimeError, match="partition 0 came again from 0, it is at 10"):
        found.reach(0, 0, 10)


def test_a_run_that_was_fetched_and_never_came_is_missed() -> None:
    found = pulse()
    for next_offset in (10, 20, 30):
        found.fetch(0, next_offset)
    found.reach(0, 0, 10)
    with pytest.raises(RuntimeError, match="partition 0 goes on at 20, a run before it never came"):
        found.reach(0, 20, 30)


def test_a_new_owner_knows_nothing_of_before() -> None:
    found = pulse()
    found.fetch(0, 10)
    found.reach(0, 0, 10)
    found.fetch(0, 20)
    found.start_over()
    found.fetch(0, 15)
    found.reach(0, 5, 15)
    assert found.reached[0] == 15
