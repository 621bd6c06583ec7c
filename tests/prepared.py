"""`capi` as a process of its own that is there at once: forked from one that has done the imports.

A new interpreter needs a second of CPU for them, and some tests run the command a dozen times.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path

from agents.cli import main
from tests.workers import ROOT

OFTEN = ("dead", "dest", "replay")
_forks = get_context("forkserver")
_forks.set_forkserver_preload(["tests.prepared", *(f"agents.commands.{verb}" for verb in OFTEN)])


def run_capi(arguments: list[str], env: Mapping[str, str], log: Path, within_s: float = 60) -> int:
    """The exit code; what it prints goes to `log`."""
    process = _forks.Process(target=_capi, args=(arguments, dict(env), str(log)))
    process.start()
    process.join(within_s)
    if process.exitcode is None:
        process.kill()
        process.join()
    assert process.exitcode is not None
    return process.exitcode


def _capi(arguments: list[str], env: dict[str, str], log: str) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["capi", *arguments]
    main()
