"""The supervisor over real processes: restarts, clean stops, and no orphans."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from agents.supervisor import Pace, Status, Supervisor, Worker

FAST = Pace(first_delay_s=0.05, longest_delay_s=0.4, healthy_after_s=5, stop_within_s=1)
SLEEPS = "import time; print('ready', flush=True); time.sleep(60)"
IGNORES_SIGTERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}"


def toy(name: str, code: str, **env: str) -> Worker:
    return Worker(name=name, argv=(sys.executable, "-c", code), env=env)


class Journal:
    """What the supervisor told and the processes printed, in order."""

    def __init__(self) -> None:
        self.told: list[Status] = []
        self.lines: list[tuple[str, bytes]] = []

    def supervisor(self, *workers: Worker) -> Supervisor:
        return Supervisor(workers, self.told.append, lambda name, line: self.lines.append((name, line)), FAST)

    def events(self, worker: str) -> list[str]:
        return [status.event for status in self.told if status.worker == worker]


async def until(true: Callable[[], bool], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie that nobody has collected yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@contextmanager
def ended(pid: int) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def test_a_role_that_dies_is_started_again_with_growing_delay() -> None:
    journal, stop = Journal(), asyncio.Event()
    running = asyncio.create_task(journal.supervisor(toy("dies", "print(1); raise SystemExit(7)")).run(stop))
    await until(lambda: journal.events("dies").count("died") >= 5)
    stop.set()
    await asyncio.wait_for(running, 5)
    deaths = [status for status in journal.told if status.event == "died"]
    assert [death.restart_in_s for death in deaths[:5]] == [0.05, 0.1, 0.2, 0.4, 0.4]
    assert {death.exit_code for death in deaths} == {7}


async def test_a_killed_role_comes_back_and_the_others_do_not_notice() -> None:
    journal, stop = Journal(), asyncio.Event()
    running = asyncio.create_task(journal.supervisor(toy("a", SLEEPS), toy("b", SLEEPS)).run(stop))
    await until(lambda: len(journal.lines) == 2)
    os.kill(next(status.pid for status in journal.told if status.worker == "a"), signal.SIGKILL)
    await until(lambda: len(journal.lines) == 3)
    stop.set()
    await asyncio.wait_for(running, 5)
    assert journal.events("a") == ["started", "died", "started", "stopped"]
    assert journal.events("b") == ["started", "stopped"]
    assert not any(alive(status.pid) for status in journal.told)


async def test_a_role_that_ignores_sigterm_is_killed_in_time() -> None:
    journal, stop = Journal(), asyncio.Event()
    running = asyncio.create_task(journal.supervisor(toy("deaf", IGNORES_SIGTERM)).run(stop))
    await until(lambda: bool(journal.lines))
    stop.set()
    await asyncio.wait_for(running, FAST.stop_within_s + 3)
    assert journal.told[-1].event == "killed"
    assert journal.told[-1].exit_code == -signal.SIGKILL


async def test_lines_carry_the_role_and_the_last_one_needs_no_end() -> None:
    code = "import os,sys; print(os.environ['WHO']); print('err', file=sys.stderr); sys.stdout.write('é' * 70000)"
    journal, stop = Journal(), asyncio.Event()
    running = asyncio.create_task(journal.supervisor(toy("talks", code, WHO="me")).run(stop))
    await until(lambda: "died" in journal.events("talks"))
    stop.set()
    await asyncio.wait_for(running, 5)
    first = journal.lines[:2]
    assert sorted(first) == [("talks", b"err"), ("talks", b"me")]
    assert b"".join(line for _, line in journal.lines[2:]).startswith("é".encode() * 70000)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_children_end_with_the_supervisor(number: signal.Signals, tmp_path: Path) -> None:
    code = f"""
import asyncio, signal, sys
from agents.supervisor import Pace, Supervisor, Worker
toys = [Worker(name=n, argv=(sys.executable, "-c", {IGNORES_SIGTERM!r})) for n in "ab"]
def tell(status): print(status.event, status.pid, flush=True)
async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await Supervisor(toys, tell, lambda _, line: print("line", flush=True), Pace(stop_within_s=1)).run(stop)
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with ended(parent.pid):
        assert parent.stdout is not None
        heard = [parent.stdout.readline().split() for _ in range(4)]
        children = [int(words[1]) for words in heard if words[0] == "started"]
        assert len(children) == 2
        assert all(map(alive, children))
        parent.send_signal(number)
        parent.wait(10)
        deadline_s = time.monotonic() + 5
        while any(map(alive, children)) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        assert not any(map(alive, children))
        assert parent.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 0)
