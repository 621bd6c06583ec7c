"""Workers as real processes, for tests that kill them. A worker dies with its test."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from streams.settings import Settings

ROOT = Path(__file__).parents[1]
PR_SET_PDEATHSIG = 1


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """The settings as the environment of another process (those that were set, not the defaults)."""
    own = {f"CAPI_{name.upper()}": _text(getattr(settings, name)) for name in settings.model_fields_set}
    return {**os.environ, **own, **more}


def _text(value: object) -> str:
    if isinstance(value, tuple | frozenset):
        return ",".join(str(part) for part in value)
    return str(value)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(arguments: list[str], env: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """A module of ours."""
    return start_program([sys.executable, "-m", *arguments], env, log)


def start_program(command: list[str], env: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(env),
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent,
        )


def stop(process: subprocess.Popen[bytes], within_s: float = 20) -> int:
    """SIGTERM, then SIGKILL; the exit code."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


@contextlib.contextmanager
def faust_worker(module: str, env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = start(["faust", "-A", module, "worker", "-l", "info"], env, log)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
