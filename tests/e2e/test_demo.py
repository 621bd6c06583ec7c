"""`capi demo` as a user starts it, in small: everything arrives, and nothing of it stays behind."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from sinks.kafka_admin import kafka_admin
from streams.settings import load_settings

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
WITHIN_S = 150


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agents.cli", "demo", *options], capture_output=True, text=True, timeout=WITHIN_S
    )


async def namespaces() -> set[str]:
    async with kafka_admin(load_settings().kafka_servers) as client:
        return {name.partition(".")[0] for name in await client.list_topics() if name.startswith("demo-")}


async def test_real_histories_arrive_enriched_and_the_demo_cleans_up() -> None:
    before = await namespaces()
    ended = demo("--events", "200", "--speed", "900", "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    assert (found["good"], found["lost"]) == (True, [])
    assert found["delivered"] == {"meta": 200, "tiktok": 200}
    assert found["backfilled"]["meta"] == found["backfilled"]["tiktok"] > 0
    assert found["recognised"]["meta"] == found["recognised"]["tiktok"] > 0
    assert found["recognised_at_once"] > 0
    assert found["flushes"]["purchase"] > 0
    assert found["flushes"]["idle"] > 0
    assert await namespaces() <= before
