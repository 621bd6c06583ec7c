"""Keeps processes running: one asyncio task a process, restarted with growing delay, stopped together.

A process never outlives its supervisor: the kernel kills it (PR_SET_PDEATHSIG) even when the supervisor was
killed with -9. That equals a crash, which every role survives; SIGTERM could leave a hung orphan behind.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
from collections.abc import Callable, Sequence
from typing import Literal, cast

import msgspec

PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LONGEST_LINE_BYTES = 65_536
_libc = ctypes.CDLL(None, use_errno=True)


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """One process to keep. `name` is unique; `env` is added to the supervisor's own environment."""

    name: str
    argv: tuple[str, ...]
    env: dict[str, str] = {}


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How fast a dead process is tried again, and how long a stopping one may take."""

    first_delay_s: float = 0.5
    longest_delay_s: float = 30
    healthy_after_s: float = 60
    stop_within_s: float = 15

    def next_delay_s(self, last_delay_s: float, ran_s: float) -> float:
        """Doubles from `first_delay_s` (`last_delay_s` 0: none yet); starts anew after a healthy run."""
        if ran_s >= self.healthy_after_s or not last_delay_s:
            return self.first_delay_s
        return min(self.longest_delay_s, 2 * last_delay_s)


class Status(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened to a process. `exit_code` is negative for a signal, as Python reports it."""

    worker: str
    event: Literal["started", "died", "stopped", "killed"]
    pid: int
    exit_code: int | None = None
    ran_s: float | None = None
    restart_in_s: float | None = None


Tell = Callable[[Status], None]
Print = Callable[[str, bytes], None]  # worker name, one line without its end


class Supervisor:
    """Runs `workers` until `stop` is set; `tell` gets what happens, `print_line` what they print."""

    def __init__(self, workers: Sequence[Worker], tell: Tell, print_line: Print, pace: Pace | None = None) -> None:
        self.workers = workers
        self.pace = pace or Pace()
        self._tell = tell
        self._print = print_line

    async def run(self, stop: asyncio.Event) -> None:
        """Returns when every process has ended, at most `stop_within_s` and a moment after `stop`."""
        async with asyncio.TaskGroup() as tasks:
            for worker in self.workers:
                tasks.create_task(self._keep(worker, stop))

    async def _keep(self, worker: Worker, stop: asyncio.Event) -> None:
        loop, delay_s = asyncio.get_running_loop(), 0.0
        while not stop.is_set():
            process = await _start(worker)
            started_s = loop.time()
            self._tell(Status(worker=worker.name, event="started", pid=process.pid))
            if await self._watch(worker, process, stop):
                return
            ran_s = loop.time() - started_s
            delay_s = self.pace.next_delay_s(delay_s, ran_s)
            self._tell_death(worker, process, ran_s, delay_s)
            await _set_within(stop, delay_s)

    async def _watch(self, worker: Worker, process: asyncio.subprocess.Process, stop: asyncio.Event) -> bool:
        """Wait for the process to end; True when it was stopped, False when it died by itself."""
        printing = asyncio.create_task(self._copy_lines(worker, process))
        ended, stopping = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        died = ended.done()
        if not died:
            await self._end(worker, process, ended)
        stopping.cancel()
        _kill_group(process)  # whatever it had started itself
        await asyncio.wait({printing}, timeout=1)
        printing.cancel()
        return not died

    async def _end(self, worker: Worker, process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
        process.terminate()
        await asyncio.wait({ended}, timeout=self.pace.stop_within_s)
        if late := not ended.done():
            _kill_group(process)
        self._tell(
            Status(
                worker=worker.name,
                event="killed" if late else "stopped",
                pid=process.pid,
                exit_code=await ended,
            )
        )

    def _tell_death(
        self, worker: Worker, process: asyncio.subprocess.Process, ran_s: float, delay_s: float
    ) -> None:
        self._tell(
            Status(
                worker=worker.name,
                event="died",
                pid=process.pid,
                exit_code=process.returncode,
                ran_s=round(ran_s, 1),
                restart_in_s=delay_s,
            )
        )

    async def _copy_lines(self, worker: Worker, process: asyncio.subprocess.Process) -> None:
        stdout, rest = cast(asyncio.StreamReader, process.stdout), b""
        while chunk := await stdout.read(_LONGEST_LINE_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST_LINE_BYTES:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._print(worker.name, line)
        if rest:
            self._print(worker.name, rest)


async def _start(worker: Worker) -> asyncio.subprocess.Process:
    # a session of its own: Ctrl-C reaches the supervisor alone, which then stops everyone in order
    return await asyncio.create_subprocess_exec(
        *worker.argv,
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | worker.env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_dies_with(os.getpid()),
    )


def _dies_with(parent: int) -> Callable[[], None]:
    def before_exec() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return before_exec


def _kill_group(process: asyncio.subprocess.Process) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


async def _set_within(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
