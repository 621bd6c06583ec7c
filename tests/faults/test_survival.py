"""Whatever dies: nothing is lost, every batch is there once, no event is in two. Needs RabbitMQ and Redis."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest

from tests.faults.arena import Challenge, fight

pytestmark = [pytest.mark.stack, pytest.mark.faults]


def seed() -> int:
    """A new one each time; FAULTS_SEED repeats one that failed."""
    return int(os.environ.get("FAULTS_SEED", secrets.randbelow(1_000_000)))


@pytest.mark.timeout(600)
async def test_everything_survives(tmp_path: Path) -> None:
    report = await fight(Challenge(seed=seed()), tmp_path)
    assert report.problems == ()
    assert len(report.faults) >= 12
    assert report.verdict.certainly_known > 500
    assert report.verdict.recognised > 50


@pytest.mark.timeout(300)
async def test_ci_subset(tmp_path: Path) -> None:
    """All kinds of faults, small enough for every change."""
    challenge = Challenge(seed=seed(), events=1_200, sessions=270, duration_s=40, faults=5)
    report = await fight(challenge, tmp_path)
    assert report.problems == ()
    assert len(report.faults) == 5
