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

STRUCK_S = 60.0


class Step(NamedTuple):
    """`at`: a point of tests.faults.matrix.dying, which is survived `calls` - 1 times."""

    at: str
    calls: int = 1


async def dies(arena: Arena, name: str, *steps: Step) -> None:
    """Role `name` dies at each step, in a life of its own, and then runs as usual. Raises AssertionError."""
    lives = [(step, *dying(arena, name, step, number)) for number, step in enumerate(steps)]
    role = await arena.start_role(name, lives[0][1])
    for place, (step, _, mark) in enumerate(lives):
        await eventually(lambda: role.running, STRUCK_S)
        ended = len(role.exits)
        if place + 1 < len(lives):
            role.next_life(lives[place + 1][1], {})
        await _struck(role, step, mark, ended)
        arena.say(f"{name} died: {step.at}")


def dying(arena: Arena, name: str, step: Step, number: int) -> tuple[Sequence[str], Path]:
    """The command of a life that ends there, and the file that will say so."""
    module = "tests.faults.matrix.dying"
    mark = arena.folder / f"{name} {number} {step.at}.mark"
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
        role.next_life(command_of(role.name), {})
        role.kill()
        raise AssertionError(f"not struck: {role.name} did not come to '{step.at}'") from None
    code, said = role.exits[before], mark.exists()
    assert code == -signal.SIGKILL and said, f"not struck: {role.name} ended with {code} before '{step.at}'"
