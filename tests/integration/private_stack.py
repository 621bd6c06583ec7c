"""A second stack next to the shared one: own folder, own ports, stopped at the end whatever happens."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
UP_S = 150


def free_port() -> int:
    """A free port below the system's own range, with room for the ports derived from it."""
    while True:
        port = random.randrange(10_100, 12_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


class PrivateStack:
    """`python -m deploy.stack` with an environment of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.redis_port = free_port()
        self.environment = os.environ | {
            "CAPI_KAFKA_URL": f"kafka://127.0.0.1:{free_port()}",
            "CAPI_RABBITMQ_URL": f"amqp://shop:s3cret@127.0.0.1:{free_port()}/visits",
            "CAPI_RABBITMQ_MANAGEMENT_URL": f"http://127.0.0.1:{free_port()}",
            "CAPI_REDIS_URL": f"redis://:s3cret@127.0.0.1:{self.redis_port}/0",
            "CAPI_STACK_DIR": str(folder),
            "CAPI_STACK_ENGINE": "native",
            "CAPI_STACK_KAFKA_MEMORY_MB": "384",
        }

    def run(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """One verb of the command line, ended after UP_S."""
        command = [sys.executable, "-m", "deploy.stack", *words]
        env = self.environment | changes
        return subprocess.run(
            command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=UP_S, check=False
        )

    def status(self) -> dict[str, dict[str, Any]]:
        """Name -> row of `status --json`."""
        return {row["name"]: row for row in json.loads(self.run("status", "--json").stdout)}

    def pids(self) -> dict[str, int]:
        """Name -> process id of each supervised service."""
        return {name: int(row["run_by"].split("pid ")[1].rstrip(")")) for name, row in self.status().items()}


def stack_in(folder: Path) -> Iterator[PrivateStack]:
    """Started, and stopped at the end."""
    stack = PrivateStack(folder)
    try:
        done = stack.run("up")
        assert done.returncode == 0, done.stdout + done.stderr
        yield stack
    finally:
        stack.run("down")


def eventually(true: Callable[[], bool], deadline_s: float, what: str) -> None:
    """Poll until `true()`; AssertionError after the deadline."""
    end = time.monotonic() + deadline_s
    while not true():
        assert time.monotonic() < end, f"not within {deadline_s} s: {what}"
        time.sleep(0.2)


def descendants(parent: int) -> set[int]:
    """Process ids of `parent` and everything below it."""
    children: dict[int, set[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = stat.read_text().split(" ", 1)
        except OSError:  # it ended while we looked
            continue
        children.setdefault(int(rest.rpartition(")")[2].split()[1]), set()).add(int(pid))
    found, open_ends = {parent}, [parent]
    while open_ends:
        below = children.get(open_ends.pop(), set())
        found |= below
        open_ends += below
    return found


def _inodes(pid: int) -> set[str]:
    try:
        links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]  # noqa: PTH115 — not a path
    except OSError:
        return set()
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def listening_addresses(pids: set[int]) -> set[str]:
    """Hexadecimal local IP addresses, as /proc/net/tcp writes them, on which any of `pids` listens."""
    sockets = set().union(*(_inodes(pid) for pid in pids))
    lines = [line for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    rows = [line.split() for line in lines]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[9] in sockets}
