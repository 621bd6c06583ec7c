"""Whatever dies, hangs or is cut around a delivery worker: no job is lost, and none is taken twice but what was in
flight. The table of all trials is printed after the last; FAULTS_JSON names a file for the reports."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.deliver_faults import FAULTS
from tests.faults.deliver_table import as_json, show
from tests.faults.deliver_trial import trial
from tests.faults.deliver_verdict import Report
from tests.faults.rabbit import PrivateRabbit

pytestmark = [pytest.mark.stack, pytest.mark.faults, pytest.mark.timeout(300)]

JOBS, FEW_JOBS = 2_000, 600


def seed() -> int:
    """A new one each time; FAULTS_SEED repeats one that failed."""
    return int(os.environ.get("FAULTS_SEED", secrets.randbelow(1_000_000)))


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRabbit]:
    """One node for all trials; each has a virtual host of its own."""
    node = PrivateRabbit(tmp_path_factory.mktemp("rabbit") / "stack")
    try:
        node.start()
        yield node
    finally:
        node.stop()


@pytest.fixture(scope="module")
def reports(request: pytest.FixtureRequest) -> Iterator[list[Report]]:
    """Filled by the tests; shown at the end, captured or not."""
    made: list[Report] = []
    yield made
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        show(made)
    if path := os.environ.get("FAULTS_JSON"):
        Path(path).write_text(as_json(made))


@pytest.mark.parametrize("fault", FAULTS)
async def test_survives(fault: str, rabbit: PrivateRabbit, reports: list[Report], tmp_path: Path) -> None:
    reports.append(await trial(fault, rabbit, tmp_path, seed(), JOBS))
    assert reports[-1].problems == ()
    assert reports[-1].delivered == JOBS


async def test_ci_jobs_on_rungs_survive_rabbitmq(
    rabbit: PrivateRabbit, reports: list[Report], tmp_path: Path
) -> None:
    """The fault with the most parts, small enough for every change."""
    reports.append(await trial("RabbitMQ killed mid-ladder", rabbit, tmp_path, seed(), FEW_JOBS))
    assert reports[-1].problems == ()
    assert reports[-1].came_home > 0
