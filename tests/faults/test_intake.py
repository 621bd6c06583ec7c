"""What apps push to Redis comes out once, whenever the intake dies. Needs Redis and Kafka."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.broker import PrivateBroker
from tests.faults.intake_trial import Account, intake_trial

pytestmark = [pytest.mark.stack, pytest.mark.faults]


def check(account: Account) -> None:
    print(account)
    assert account.lost == account.unexpected == account.duplicated == 0
    assert account.several_ids == account.left_in_redis == account.in_clear == 0
    assert account.recovered > 0, "no worker had anything in hand when it was killed: nothing was tried"


@pytest.mark.timeout(300)
async def test_ci_killed_intake(tmp_path: Path) -> None:
    with intake_trial(tmp_path) as trial:
        check(await trial.run(events=4_000, rounds=2))


@pytest.mark.timeout(600)
async def test_killed_intake_and_killed_kafka(tmp_path: Path) -> None:
    broker = PrivateBroker(tmp_path / "stack")
    broker.start()
    try:
        with intake_trial(tmp_path, broker) as trial:
            account = await trial.run(events=8_000, rounds=8)
    finally:
        broker.stop()
    check(account)
    assert account.kills == 8
