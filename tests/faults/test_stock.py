"""The matrix sees what it is there to see: stock Faust, same rules and faults, loses or doubles."""

from __future__ import annotations

import pytest

from tests.faults.matrix.matrix import Order, run_all
from tests.faults.matrix.registry import chosen
from tests.faults.matrix.run import Size
from tests.faults.roles import faust

ROUNDS = 6
WORKERS = ("sessions-1", "sessions-2")
pytestmark = [pytest.mark.stack, pytest.mark.faults]


@pytest.mark.timeout(900)
async def test_stock_faust_loses() -> None:
    stock = dict.fromkeys(WORKERS, faust("tests.faults.stock_sessions"))
    cases = chosen("everything at once")
    async for _, outcome in run_all(Order(cases=cases, runs=ROUNDS, size=Size(2_000, 450), instead=stock)):
        batches = outcome.verdict.rows[0]
        if batches.lost or batches.duplicated:
            return
    pytest.fail(f"{ROUNDS} rounds of stock Faust without a loss: the matrix sees nothing")
