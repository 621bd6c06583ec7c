"""A service of the fault tests' own, so that killing it harms nobody else. It comes back by itself."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.faults.roles import REPO, RoleError, clean_environment, run_once

UP_S, DOWN_S = 120.0, 30.0
LOWEST, HIGHEST = 20_000, 22_000


class PrivateService:
    """Brought up by the project's own stack at `addresses` (its settings), with its data in `folder`; supervised
    there. `program` is a word on its process's command line, and on no other one that names our folder."""

    def __init__(self, folder: Path, name: str, program: str, addresses: Mapping[str, str]) -> None:
        self.folder = folder.resolve()
        self._name, self._program = name, program
        self._env = clean_environment() | {"CAPI_STACK_DIR": str(self.folder), **addresses}
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers. Raises RoleError with the stack's own words."""
        self._need_the_shared_ones()
        self._guard = self._start_guard()
        self.up()

    def up(self) -> None:
        """Wait until it answers. Raises RoleError."""
        run_once(self._stack("up"), self._env, UP_S)

    def _start_guard(self) -> subprocess.Popen[bytes]:
        """The service is a daemon: when this test is killed, the guard sees its process gone and stops it."""
        script = 'while kill -0 "$0" 2>/dev/null; do sleep 1; done; exec "$@"'
        command = ["sh", "-c", script, str(os.getpid()), *self._stack("down")]
        return subprocess.Popen(command, cwd=REPO, env=self._env, start_new_session=True)

    def _need_the_shared_ones(self) -> None:
        """The others are the running stack's: `up` must find them, not start a second set here."""
        asked = subprocess.run(
            [*self._stack("status"), "--json"], cwd=REPO, env=self._env, capture_output=True, timeout=DOWN_S
        )
        rows = json.loads(asked.stdout)
        silent = [row["name"] for row in rows if not row["answers"] and row["name"] != self._name]
        if silent:
            raise RoleError(f"{', '.join(silent)}: no answer; start the stack with `make up`")

    def stop(self) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.wait()
        if self.folder.exists():
            run_once(self._stack("down"), self._env, UP_S)
            shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> bool:
        """kill -9, as a fault; the stack's supervisor starts it again. Whether there was anything to kill."""
        pids = self.pids()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return bool(pids)

    def pids(self) -> list[int]:
        """The processes that name our folder on their command line; nobody else's."""
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and self._is_ours(_command_line(entry))
        ]

    def _is_ours(self, command: str) -> bool:
        return self._program in command and str(self.folder) in command

    def _stack(self, verb: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "deploy.stack", verb)


def free_ports(*above: int) -> int:
    """Free, as are the ports so far `above` it. Choose those below the range of outgoing connections, one of
    which could otherwise take a port while its service is dead."""
    for _ in range(100):
        port = random.randint(LOWEST, HIGHEST)
        if all(_is_free(port + distance) for distance in (0, *above)):
            return port
    raise RuntimeError(f"no free ports from {LOWEST} on")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _command_line(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""  # it has ended meanwhile
