"""`capi run` with real roles: provisions, starts, and ends with 0 on SIGTERM."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from agents.provision import plan_topics
from sinks.kafka_admin import kafka_admin
from streams.settings import load_settings
from streams.topics import topics

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]


async def test_run_provisions_starts_the_role_and_stops_it(tmp_path: Path) -> None:
    namespace = f"test-{uuid4().hex[:12]}"
    settings = load_settings(namespace=namespace)
    env = {"CAPI_NAMESPACE": namespace, "CAPI_STATE_DIR": str(tmp_path / "not" / "there"), "CAPI_WEB_PORT": "0"}
    run = subprocess.Popen(
        [sys.executable, "-m", "agents.cli", "run", "--roles", "ingest", "--json"],
        env=os.environ | env,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert run.stdout is not None
        assert run.stderr is not None
        assert json.loads(run.stdout.readline())["event"] == "started"
        assert await plan_topics(settings) == []
        assert any("ready" in line for line in run.stderr), "the role never got ready"
        run.send_signal(signal.SIGTERM)
        rest, _ = run.communicate(timeout=40)
        assert [json.loads(line)["event"] for line in rest.splitlines()] == ["stopped"]
        assert run.returncode == 0
    finally:
        run.kill()
        run.wait()
        async with kafka_admin(settings.kafka_servers) as client:
            await client.delete_topics([spec.name for spec in topics(settings)])
