"""The harness sees what it is there to see: stock Faust, same rules and faults, loses events."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.faults.arena import Challenge, fight

ROUNDS = 6
pytestmark = [pytest.mark.stack, pytest.mark.faults]


@pytest.mark.timeout(900)
async def test_stock_faust_loses(tmp_path: Path) -> None:
    for number in range(ROUNDS):
        folder = tmp_path / str(number)
        folder.mkdir()
        challenge = Challenge(
            seed=secrets.randbelow(1_000_000),
            events=2_000,
            sessions=450,
            duration_s=60,
            faults=10,
            quiet_s=25,
            instead="tests.faults.stock_sessions",
        )
        if (await fight(challenge, folder)).verdict.rows[0].lost:
            return
    pytest.fail(f"{ROUNDS} rounds of stock Faust without a loss: the harness sees nothing")
