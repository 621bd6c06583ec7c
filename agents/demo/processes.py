"""The roles and the stand-in as supervised processes of the demo, each with a log file."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from agents.demo.world import World
from agents.roles import ROLES, workers
from agents.supervisor import Status, Supervisor, Worker

STAND_IN = "platforms"
MOST_DEATHS = 3  # a role that dies this often will not come up; before that it is only restarted
TAIL_LINES = 20


class RoleEndedError(Exception):
    """A role dies again and again; the message holds its last words."""


class Processes:
    """Supervises `workers`; what they print goes to `<folder>/<name>.log`."""

    def __init__(self, workers: Sequence[Worker], folder: Path) -> None:
        self._logs = {worker.name: folder / f"{worker.name}.log" for worker in workers}
        for log in self._logs.values():
            log.write_bytes(b"")
        self._supervisor = Supervisor(workers, self._tell, self._print)
        self._deaths: Counter[str] = Counter()
        self._given_up = asyncio.Event()
        self._stop = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Processes]:
        """Started inside; stopped, and waited for, at the end."""
        supervision = asyncio.create_task(self._supervisor.run(self._stop))
        try:
            yield self
        finally:
            self._stop.set()
            await supervision

    async def watch(self) -> None:
        """Never returns; raises RoleEndedError once a process died too often."""
        await self._given_up.wait()
        name, times = self._deaths.most_common(1)[0]
        raise RoleEndedError(f"{name} ended {times} times. Its last words:\n{self.tail(name)}")

    def tail(self, name: str) -> str:
        lines = self._logs[name].read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([*lines[-TAIL_LINES:], f"(all of it: {self._logs[name]})"])

    def _tell(self, status: Status) -> None:
        self._print(status.worker, b"== " + msgspec.json.encode(status))
        if status.event == "died":
            self._deaths[status.worker] += 1
            if self._deaths[status.worker] >= MOST_DEATHS:
                self._given_up.set()

    def _print(self, name: str, line: bytes) -> None:
        with self._logs[name].open("ab") as log:
            log.write(line + b"\n")


def stand_in(world: World) -> Processes:
    """The local Meta and TikTok, `capi platforms`."""
    port = str(world.settings.platforms_port)
    argv = (sys.executable, "-m", "agents.cli", "platforms", "--port", port)
    return Processes([Worker(name=STAND_IN, argv=argv, env=world.environment)], world.folder)


def roles(world: World) -> Processes:
    """All roles of `capi run`, one process each."""
    made = [
        msgspec.structs.replace(worker, env=world.environment | worker.env)
        for worker in workers(world.settings, ROLES, {})
    ]
    return Processes(made, world.folder)
