"""The processes under test: each role its own process, started again when it dies, gone when the test goes."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import IO

REPO = Path(__file__).resolve().parents[2]
AGAIN_AFTER_S, AGAIN_MOST_S = 0.5, 4.0  # doubling while a role ends by itself soon after its start
STOP_S = 8.0
LIVED_S = 10.0
MOST_SHORT_LIVES = 8  # in a row: a dead broker explains a few, a role that never comes up ends the test
TAIL_LINES = 15
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Runs in the child before exec: the kernel kills it when the test dies, however the test dies."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def faust(module: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "faust", "-A", module, "worker", "-l", "warn", "--without-web")


def capi(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "agents.cli", *arguments)


class RoleError(RuntimeError):
    """A role does not stay up; the message holds the end of its output."""


class Role:
    """One process. `name` is also the name of its output file in `folder`."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.output = folder / f"{name}.log"
        self.exits: list[int] = []
        self._command = command
        self._env = {**env, "CAPI_STATE_DIR": str(folder / f"{name}.state")}
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = self._again_s = 0.0
        self._killed = False
        self._short_lives = 0
        self._next: tuple[Sequence[str], Mapping[str, str]] | None = None

    @property
    def pid(self) -> int:
        """0 while it does not run."""
        return self._process.pid if self._process is not None and self.running else 0

    @property
    def lives(self) -> int:
        """How often it was started."""
        return len(self.exits) + (self._process is not None)

    def next_life(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        """What is started the next time, and only then, with `env` added; after that the usual command again."""
        self._next = command, env

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._started_s, self._killed = monotonic(), False
        (command, env), self._next = self._next or (self._command, {}), None
        with self.output.open("ab") as output:
            self._process = self._spawn(command, self._env | dict(env), output)

    def _spawn(self, command: Sequence[str], env: Mapping[str, str], output: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=REPO,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,
        )

    def keep_up(self) -> None:
        """Call it often: notes an exit, and starts the role again a moment later. Raises RoleError."""
        if self._process is not None and not self.running:
            self.exits.append(self._process.returncode)
            self._process = None
            self._note_end()
        if self._process is None and monotonic() >= self._again_s:
            self.start()

    def _note_end(self) -> None:
        by_itself = not self._killed and monotonic() - self._started_s < LIVED_S
        self._short_lives = self._short_lives + 1 if by_itself else 0
        if self._short_lives >= MOST_SHORT_LIVES:
            raise RoleError(f"{self.name} does not stay up, exits {self.exits}:\n{self.tail()}")
        self._again_s = monotonic() + min(AGAIN_MOST_S, AGAIN_AFTER_S * 2**self._short_lives)

    def kill(self) -> bool:
        """kill -9, as a fault; whether there was anything to kill."""
        if self._process is None or not self.running:
            return False
        self._killed = True
        self._process.kill()
        return True

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.running:
            self._process.send_signal(number)

    def stop(self) -> None:
        """End it for good: politely, then not."""
        if self._process is None:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_S)
        self.exits.append(self._process.returncode)
        self._process = None

    def tail(self) -> str:
        lines = self.output.read_text(errors="replace").splitlines() if self.output.exists() else []
        return "\n".join(lines[-TAIL_LINES:])


def run_once(command: Sequence[str], env: Mapping[str, str], timeout_s: float = 60.0) -> str:
    """A command that must succeed; returns its output. Raises RoleError with it."""
    done = subprocess.run(
        command,
        cwd=REPO,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout_s,
        text=True,
        preexec_fn=die_with_parent,
    )
    if done.returncode:
        raise RoleError(f"{' '.join(command[1:])} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def stop_all(roles: Sequence[Role]) -> None:
    """All at once, so that one slow end does not add to the next."""
    for role in roles:
        role.signal(signal.SIGCONT)
        role.signal(signal.SIGTERM)
    for role in roles:
        role.stop()


Environment = Mapping[str, str]
MakeRole = Callable[[Path, Environment], Role]


def clean_environment() -> dict[str, str]:
    """This process's environment without CAPI_* settings that would leak into the roles."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CAPI_")}
