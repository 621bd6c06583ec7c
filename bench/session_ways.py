"""The ways to do the session job that are measured beside each other: a name, and how a worker of it is started.

All have the same group, topics and limits, so that whoever looks on need not know which it is.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.baselines import jvm
from streams.settings import Settings
from tests.kafka import fresh_settings
from tests.workers import environment, start, start_program, stop

Start = Callable[[Settings, Path], subprocess.Popen[bytes]]
TENANTS = '[tenants.default]\ndefault_country = "US"\nremember_days = 0\n'  # nobody else has a memory of visitors


class Way(NamedTuple):
    """It gets `share` times the events: slow ones fewer, so that all take seconds. `decides`: or it only reads."""

    name: str
    start: Start
    share: float = 1.0
    decides: bool = True


def _faust(module: str, settings: Settings, folder: Path) -> subprocess.Popen[bytes]:
    command = ["faust", "-A", module, "worker", "-l", "warn", "--without-web"]
    return start(command, environment(settings), folder / "worker.log")


def _python(module: str, settings: Settings, folder: Path) -> subprocess.Popen[bytes]:
    return start([module], environment(settings), folder / "worker.log")


def _streams(guarantee: str, commit_ms: int, settings: Settings, folder: Path) -> subprocess.Popen[bytes]:
    command = jvm.command(settings, folder / "state", guarantee, commit_ms)
    return start_program(command, environment(settings), folder / "worker.log")


OURS = Way("ours", partial(_faust, "agents.sessions"))
PLAIN_FAUST = Way("faust", partial(_faust, "tests.faults.stock_sessions"), share=0.1)
AIOKAFKA = Way("aiokafka", partial(_python, "bench.baselines.aiokafka_alone"))
ALL = (
    PLAIN_FAUST,
    Way("faust-nothing", partial(_faust, "bench.baselines.faust_nothing"), share=0.25, decides=False),
    AIOKAFKA,
    Way("streams-eos-100ms", partial(_streams, "exactly_once_v2", 100), share=2),
    Way("streams-eos-1s", partial(_streams, "exactly_once_v2", 1_000), share=2),
    Way("streams-alo-1s", partial(_streams, "at_least_once", 1_000), share=2),
    OURS,
)
WAYS = {way.name: way for way in ALL}


def session_settings(folder: Path, **more: object) -> Settings:
    """A namespace of its own, four partitions, one tenant without a memory of visitors."""
    tenants = folder / "tenants.toml"
    tenants.write_text(TENANTS)
    return fresh_settings(**({"partitions": 4, "tenants": tenants} | more))


@contextmanager
def working(way: Way, settings: Settings, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    worker = way.start(settings, folder)
    try:
        yield worker
    finally:
        stop(worker, within_s=10)
