"""`capi platforms` as a process: it says where it listens, ends on SIGTERM, and a kill loses no ledger."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from sinks.platforms import rules
from streams.settings import load_settings
from tests.contract.jobs import job

CAPI = [sys.executable, "-m", "agents.cli", "platforms"]
LIMIT_S = 20


@contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command on a free port, and its address.

    `--foreground`, because `timeout` else passes SIGTERM on twice, and the second may come when the loop, and with
    it the handler, has gone already.
    """
    command = ["timeout", "--foreground", "-k", "1", "60", *CAPI, "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found
            yield process, found[0]
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def send(url: str, event_id: str) -> None:
    now_job = job(event_id=event_id, event_time_ms=time.time_ns() // 1_000_000)
    request = rules(load_settings(meta_url=url))["meta"].build([now_job], "77", "")
    httpx.post(request.url, content=request.body, headers={"Authorization": "Bearer secret"}).raise_for_status()


def test_a_kill_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    state = str(tmp_path / "ledger.jsonl")
    with running("--state", state) as (process, url):
        for n in range(20):
            send(url, f"e{n}")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(LIMIT_S)
    with running("--state", state) as (_, url):
        events = httpx.get(f"{url}/ledger").json()["events"]
    assert [event["event_id"] for event in events] == [f"e{n}" for n in range(20)]


def test_sigterm_ends_it_well() -> None:
    with running() as (process, url):
        assert httpx.get(f"{url}/healthz").text == "ok"
        process.terminate()
        assert process.wait(LIMIT_S) == 0


def test_a_taken_port_is_a_configuration_mistake() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = subprocess.run(
            [*CAPI, "--port", str(taken.getsockname()[1])], capture_output=True, text=True, timeout=LIMIT_S
        )
    assert ended.returncode == 2
    assert "--port" in ended.stderr
