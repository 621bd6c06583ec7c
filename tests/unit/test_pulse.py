"""Runs come to the agent one after the other: none twice, none left out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP

from streams.runs.pulse import Pulse

ZERO, ONE, OTHER = TP("in", 0), TP("in", 1), TP("out", 0)


def pulse() -> Pulse:
    return Pulse(cast(Any, SimpleNamespace(settings=SimpleNamespace(stall_s=60.0))))


def test_runs_in_order_pass_and_partitions_do_not_mix() -> None:
    found = pulse()
    for tp, next_offset in ((ZERO, 10), (ONE, 7), (OTHER, 3), (ZERO, 30)):  # 10 to 19 of ZERO are markers
        found.fetch(tp, next_offset)
    found.reach(ZERO, 0, 10)
    found.reach(ONE, 0, 7)
    found.reach(OTHER, 0, 3)
    found.reach(ZERO, 20, 30)
    assert found.reached == {ZERO: 30, ONE: 7, OTHER: 3}


def test_a_run_that_comes_again_is_refused() -> None:
    found = pulse()
    found.fetch(ZERO, 10)
    found.reach(ZERO, 0, 10)
    found.fetch(ZERO, 10)
    with pytest.raises(RuntimeError, match="in-0 came again from 0, it is at 10"):
        found.reach(ZERO, 0, 10)


def test_a_run_that_was_fetched_and_never_came_is_missed() -> None:
    found = pulse()
    for next_offset in (10, 20, 30):
        found.fetch(ZERO, next_offset)
    found.reach(ZERO, 0, 10)
    with pytest.raises(RuntimeError, match="in-0 goes on at 20, a run before it never came"):
        found.reach(ZERO, 20, 30)


def test_a_new_owner_knows_nothing_of_before() -> None:
    found = pulse()
    found.fetch(ZERO, 10)
    found.reach(ZERO, 0, 10)
    found.fetch(ZERO, 20)
    found.start_over()
    found.fetch(ZERO, 15)
    found.reach(ZERO, 5, 15)
    assert found.reached[ZERO] == 15
