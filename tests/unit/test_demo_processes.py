"""A role of the demo that cannot start ends the demo, with its last words; one that dies once is restarted."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from agents.demo.processes import Processes, RoleEndedError
from agents.supervisor import Worker

WITHIN_S = 20


def toy(code: str) -> Worker:
    return Worker(name="toy", argv=(sys.executable, "-c", code))


async def test_a_role_that_never_comes_up_is_reported_with_its_last_words(tmp_path: Path) -> None:
    processes = Processes([toy("raise SystemExit('no such broker')")], tmp_path)
    async with processes.running(), asyncio.timeout(WITHIN_S):
        with pytest.raises(RoleEndedError, match="no such broker"):
            await processes.watch()


async def test_a_role_that_dies_once_is_restarted_and_stopped_at_the_end(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    once = f"import pathlib; p = pathlib.Path({str(flag)!r}); p.exists() or (p.touch(), exit(1))"
    code = once + "; import time; time.sleep(60)"
    processes = Processes([toy(code)], tmp_path)
    async with processes.running():
        async with asyncio.timeout(WITHIN_S):
            while processes.tail("toy").count('"started"') < 2:
                await asyncio.sleep(0.05)
        assert not processes._given_up.is_set()
    assert '"stopped"' in processes.tail("toy")
