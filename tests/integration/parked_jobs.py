"""Parked jobs for tests, and `capi` as a process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sinks.deliver.letters import ATTEMPT, FIRST_SEEN, LAST_ERROR, LAST_STATUS
from sinks.rabbit import Message, Publisher
from sinks.topology import EXCHANGE_DEAD, routing_key
from streams.events import Job, encode
from streams.settings import Settings
from tests.prepared import run_capi
from tests.workers import environment, start

INVALID = ("invalid 100/2804050", "too few match keys")
EXPIRED = ("expired", "older than CAPI_EVENT_MAX_AGE_S")


def parked_message(job: Job, reason: tuple[str, str] = INVALID, since_ms: int = 0) -> Message:
    """As the delivery worker parks it."""
    status, error = reason
    headers: dict[str, str | int] = {
        ATTEMPT: 5,
        FIRST_SEEN: since_ms or job.event.event_time_ms,
        LAST_STATUS: status,
        LAST_ERROR: error,
    }
    key = routing_key(job.platform, job.event.event_name)
    return Message(routing_key=key, message_id=f"{job.job_id}:parked", body=encode(job), headers=headers)


async def park(settings: Settings, messages: Sequence[Message]) -> None:
    publisher = Publisher(settings)
    await publisher.publish(EXCHANGE_DEAD, messages)
    await publisher.close()


def capi(settings: Settings, folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run `capi … --json` to its end; what it printed."""
    ended = run_capi([*arguments, "--json"], _environ(settings), _fresh_log(folder))
    text = (folder / "capi.log").read_text()
    assert ended == code, text
    lines = [line for line in text.splitlines() if line.startswith("{")]
    found: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return found


def capi_started(settings: Settings, folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return start(["agents.cli", *arguments, "--json"], _environ(settings), _fresh_log(folder))


def _environ(settings: Settings) -> dict[str, str]:
    return environment(settings, TEST_TOKEN="secret-of-the-test")


def _fresh_log(folder: Path) -> Path:
    log = folder / "capi.log"
    log.unlink(missing_ok=True)
    return log
