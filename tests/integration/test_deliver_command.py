"""`capi deliver` as a process: its exit codes, and what a kill between the POST and the ack costs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agents.platforms import Platforms
from agents.platforms.behaviour import Order
from sinks.rabbit_admin import RabbitAdmin
from streams.settings import Settings
from tests.integration.test_deliver import all_taken, job, publish, queue_has, taken
from tests.rabbit import eventually
from tests.workers import environment, start

pytestmark = pytest.mark.stack

TOKEN = "secret-of-the-test"


async def ended(process: subprocess.Popen[bytes], within_s: float) -> int:
    async def gone() -> bool:
        return process.poll() is not None

    await eventually(gone, within_s, "the process ended")
    return process.returncode


async def test_sigterm_is_a_clean_end_and_no_secret_is_logged(
    settings: Settings, platforms: Platforms, tmp_path: Path
) -> None:
    log = tmp_path / "deliver.log"
    await publish(settings, [job(n) for n in range(10)])
    process = start(["agents.cli", "deliver"], environment(settings, TEST_TOKEN=TOKEN), log)
    try:
        await eventually(all_taken(platforms, 10), 30, "accepted")
        process.terminate()
        assert await ended(process, 15) == 0, log.read_text()
    finally:
        process.kill()
    text = log.read_text()
    assert "trace_id=stand-in-" in text
    assert not [secret for secret in (TOKEN, "anna", "192.0.2.7", "user_data") if secret in text]


async def test_deleted_queue_is_exit_code_one(settings: Settings, tmp_path: Path) -> None:
    log = tmp_path / "deliver.log"
    process = start(["agents.cli", "deliver", "--queue", "meta_queue"], environment(settings), log)

    async def consuming() -> bool:
        return "consuming" in log.read_text()

    try:
        await eventually(consuming, 30, "consuming")
        with RabbitAdmin(settings) as admin:
            admin._ask("DELETE", f"/api/queues/{admin._quoted}/meta_queue")
        assert await ended(process, 15) == 1, log.read_text()
    finally:
        process.kill()
    assert "meta_queue was deleted" in log.read_text()


def test_unknown_queue_is_a_usage_error(tmp_path: Path) -> None:
    log = tmp_path / "deliver.log"
    process = start(["agents.cli", "deliver", "--queue", "mail_queue"], {}, log)
    assert process.wait(30) == 2
    assert "meta_queue" in log.read_text()


async def test_killed_workers_lose_nothing_and_double_only_what_was_in_flight(
    settings: Settings, platforms: Platforms, tmp_path: Path
) -> None:
    platforms.orders.give(Order(mode="slow", seconds=0.2))
    small = settings.model_copy(update={"post_events": 10, "prefetch": 40})
    env = environment(small, TEST_TOKEN=TOKEN, CAPI_POST_EVENTS="10", CAPI_PREFETCH="40")
    await publish(settings, [job(n) for n in range(600)])
    for kill in range(3):
        process = start(["agents.cli", "deliver", "--queue", "meta_queue"], env, tmp_path / "deliver.log")
        try:
            await eventually(all_taken(platforms, 60 * (kill + 1)), 30, "some accepted")
        finally:
            process.kill()
            process.wait()
    process = start(["agents.cli", "deliver", "--queue", "meta_queue"], env, tmp_path / "deliver.log")
    try:
        await eventually(all_taken(platforms, 600), 40, "all accepted")
        await eventually(queue_has(settings, "meta_queue", 0), 10, "settled")
    finally:
        process.terminate()
        await ended(process, 15)
    counts = taken(platforms)
    doubled = sum(counts.values()) - len(counts)
    print(f"accepted 600, delivered {len(counts)}, lost {600 - len(counts)}, duplicates {doubled}")
    assert len(counts) == 600
    assert doubled <= 3 * small.post_events * small.posts_in_flight
