"""What a case of the matrix is: a fault, what it excuses, and the sentence of its row in the table."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from tests.faults.matrix.arena import Arena
from tests.faults.matrix.services import Services, plain

Group = Literal["roles", "kafka", "rabbitmq", "redis", "platforms", "network", "steps", "input", "scale"]
Duplicates = Literal[
    "none",
    "in flight",  # what deliver held unacknowledged, or dispatch was publishing
    "any",
]
Strike = Callable[[Arena, random.Random], Awaitable[None]]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """`strike` is called once, at a random moment of the feed. It returns when all that it broke is put right;
    what it raises is a problem of the run. `what` is one sentence for the table. `duplicates`: which events the
    platforms may see twice. `foreign`: the strike puts in records of its own, whose ids begin with `extra-`, and
    rejects of unplanned events are no problem. `services`: what the arena is built on. `most_runs`: never more,
    for what is long. `min_duration_s`: the feed lasts at least so long.
    """

    name: str
    group: Group
    what: str
    strike: Strike
    duplicates: Duplicates = "none"
    ci: bool = False
    foreign: bool = False
    services: Callable[[Path], Services] = plain
    most_runs: int = 1_000
    min_duration_s: float = 0.0


CASES: dict[str, Case] = {}


def case(name: str, group: Group, what: str, **more: Any) -> Callable[[Strike], Strike]:
    """Registers the decorated strike. `more` are other fields of Case."""

    def register(strike: Strike) -> Strike:
        if name in CASES:
            raise ValueError(f"two cases are named {name}")
        CASES[name] = Case(name=name, group=group, what=what, strike=strike, **more)
        return strike

    return register
