"""The chosen few of the matrix, small enough for every change. FAULTS_SEED repeats plans and moments."""

from __future__ import annotations

import os
import sys

import pytest
from rich.console import Console

from tests.faults.matrix.__main__ import CI_SIZE
from tests.faults.matrix.matrix import Order, run_all
from tests.faults.matrix.registry import chosen
from tests.faults.matrix.table import row_of, show

pytestmark = [pytest.mark.stack, pytest.mark.faults]


@pytest.mark.timeout(360)
async def test_ci_chosen_cases() -> None:
    seed = os.environ.get("FAULTS_SEED")
    order = Order(cases=chosen(ci=True), runs=1, size=CI_SIZE, seed=int(seed) if seed else None)
    rows = [row_of(case, [outcome]) async for case, outcome in run_all(order)]
    show(rows, Console(file=sys.stderr, width=170))
    assert len(rows) == len(order.cases) > 0
    assert [(row.case, row.problems) for row in rows if row.failed] == []
