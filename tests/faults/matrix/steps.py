"""A role's lives that end at given steps, one after the other, and the proof that each did."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.faults.matrix.arena import Arena
from tests.faults.matrix.place import command_of
from tests.faults.roles import Role
from tests.kafka import eventually

STRUCK_S = 45.0


class Step(NamedTuple):
    """`at`: a point of tests.faults.matrix.dying, which is survived `calls` - 1 times."""

    at: str
    calls: int = 1


async def dies(arena: Arena, name: str, *steps: Step) -> None:
    """Role `name` dies at each step, in a life of its own, and then runs as usual. Raises AssertionError."""
    first, *others = steps
    command, mark = dying(arena, name, first)
    role = await arena.start_role(name, command)
    for step in (*others, None):
        before = len(role.exits)
        command, next_mark = dying(arena, name, step) if step else ((), mark)
        if step:
            role.next_life(command, {})
        await _struck(role, first, mark, before)
        arena.say(f"{name} died: {first.at}")
        first, mark = step or first, next_mark


def dying(arena: Arena, name: str, step: Step) -> tuple[Sequence[str], Path]:
    """The command of a life that ends there, and the file that will say so."""
    module = "tests.faults.matrix.dying"
    mark = arena.folder / f"{name} {step.at}.mark"
    mark.unlink(missing_ok=True)
    _, _, entry, *usual = command_of(name)
    entry = {"faust": "faust.__main__"}.get(entry, entry)  # a package that runpy cannot find once it is imported
    return (sys.executable, "-m", module, step.at, str(step.calls), str(mark), entry, *usual), mark


async def _struck(role: Role, step: Step, mark: Path, before: int) -> None:
    def died() -> bool:
        return len(role.exits) > before

    try:
        await eventually(died, STRUCK_S)
    except AssertionError:
        role.kill()
        raise AssertionError(f"not struck: {role.name} did not come to '{step.at}'") from None
    code, said = role.exits[before], mark.exists()
    assert code == -signal.SIGKILL and said, f"not struck: {role.name} ended with {code} before '{step.at}'"
