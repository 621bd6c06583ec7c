"""up, down and status of the whole stack, whichever way its services run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.stack import docker, native, supervisor
from deploy.stack.addresses import Addresses
from deploy.stack.lock import exclusive
from deploy.stack.probes import SERVICES, ask_all
from deploy.stack.program import StackError
from deploy.stack.settings import StackSettings

LOG_LINES = 25


@dataclass(frozen=True)
class ServiceStatus:
    """One service: where, whether it answers (`version` or `problem`), and who runs it."""

    name: str
    address: str
    answers: bool
    version: str
    problem: str
    run_by: str  # supervisord (pid N) | docker | external | nobody


def _silent(addresses: Addresses, names: Sequence[str] = SERVICES) -> list[str]:
    answers = asyncio.run(ask_all(addresses, tuple(names)))
    return [name for name, answer in answers.items() if isinstance(answer, Exception)]


def _use_docker(settings: StackSettings) -> bool:
    return settings.engine == "docker" or (settings.engine == "auto" and docker.engine_answers())


def _log_tail(settings: StackSettings, name: str) -> str:
    path = supervisor.log_path(settings.dir, name)
    lines = path.read_text(errors="replace").splitlines()[-LOG_LINES:] if path.exists() else []
    return "\n".join([f"--- {path}", *lines])


def _await_answers(names: list[str], addresses: Addresses, settings: StackSettings) -> None:
    started = time.monotonic()
    while names:
        silent = _silent(addresses, names)
        waited_s = time.monotonic() - started
        for name in names:
            if name not in silent:
                print(f"{name:<9} answers at {getattr(addresses, name)} after {waited_s:.1f} s", flush=True)
        names = silent
        if names and waited_s > settings.wait_s:
            tails = "\n".join(_log_tail(settings, name) for name in names)
            raise StackError(
                f"{tails}\n{', '.join(names)}: no answer in {settings.wait_s:.0f} s. Read the log above;"
                " `make down up` starts afresh, `make down clean` also removes the data."
            )
        time.sleep(0.2 if names else 0)


def up(addresses: Addresses, settings: StackSettings) -> list[str]:
    """Start what does not answer and wait for it; returns the names started. Raises StackError."""
    if not _silent(addresses):
        return []
    with exclusive(settings.dir / "lock"):
        silent = _silent(addresses)
        print(f"starting  {', '.join(silent)}", flush=True)
        if _use_docker(settings):
            docker.start_docker(silent, addresses, settings)
        else:
            native.start_native(silent, addresses, settings)
        _await_answers(silent, addresses, settings)
        return silent


def down(addresses: Addresses, settings: StackSettings) -> bool:
    """Stop what `up` started, and nothing else; False when that was nothing."""
    with exclusive(settings.dir / "lock"):
        stopped = supervisor.stop(settings.dir)
        if _use_docker(settings):
            stopped = docker.stop_docker(addresses, settings) or stopped
        return stopped


def status(addresses: Addresses, settings: StackSettings) -> list[ServiceStatus]:
    """What answers where, and who runs it."""
    answers = asyncio.run(ask_all(addresses))
    pids = {name: info["pid"] for name, info in supervisor.process_states(settings.dir).items() if info["pid"]}
    contained = docker.running_services(addresses, settings) if not pids and _use_docker(settings) else []

    def describe(name: str, answer: str | Exception) -> ServiceStatus:
        failed = isinstance(answer, Exception)
        runner = f"supervisord (pid {pids[name]})" if name in pids else "docker" if name in contained else ""
        return ServiceStatus(
            name=name,
            address=str(getattr(addresses, name)),
            answers=not failed,
            version="" if failed else str(answer),
            problem=(str(answer) or type(answer).__name__) if failed else "",
            run_by=runner or ("nobody" if failed else "external"),
        )

    return [describe(name, answer) for name, answer in answers.items()]
