"""The network between the roles and what they need: silent, cut, or with connections that one side forgot."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable

from tests.faults.matrix.arena import Arena
from tests.faults.matrix.case import Duplicates, Strike, case
from tests.valve import Valve

SILENT_S = 10.0
PAST_SESSION_S = 14.0  # the group's session time-out is 6 s, a transaction's 10 s
CUTS, CUT_WITHIN_S = 5, 1.5
# A POST may arrive though its answer does not: then it must be repeated.
TWICE: dict[str, Duplicates] = {"kafka": "none", "rabbitmq": "none", "redis": "none", "platforms": "any"}


def wires(arena: Arena, service: str) -> list[Valve]:
    """Of a cluster all of them."""
    return [wire for name, wire in arena.wires.items() if name.startswith(service)]


async def silence(over: Iterable[Valve], lasts_s: float) -> None:
    """Nothing passes, connections stay. What was sent meanwhile arrives late."""
    over = list(over)
    for wire in over:
        wire.open.clear()
    try:
        await asyncio.sleep(lasts_s)
    finally:
        for wire in over:
            wire.open.set()


def silent(service: str, lasts_s: float) -> Strike:
    async def strike(arena: Arena, rng: random.Random) -> None:
        await silence(wires(arena, service), lasts_s)

    return strike


def cut(service: str) -> Strike:
    async def strike(arena: Arena, rng: random.Random) -> None:
        sides = 0
        for _ in range(CUTS):
            sides += sum(wire.cut() for wire in wires(arena, service))
            await asyncio.sleep(rng.uniform(0, CUT_WITHIN_S))
        assert sides, "there was no connection"

    return strike


def forgotten(service: str) -> Strike:
    async def strike(arena: Arena, rng: random.Random) -> None:
        """New connections work, so everything is put right when each side finds out about its old ones."""
        assert sum(wire.forget() for wire in wires(arena, service)), "there was no connection"

    return strike


for _service, _twice in TWICE.items():
    case(
        f"{_service} silent",
        "network",
        f"for {SILENT_S:.0f} s nothing passes between the roles and {_service}, and nobody is told",
        duplicates=_twice,
    )(silent(_service, SILENT_S))
    case(
        f"{_service} cut",
        "network",
        f"all connections of the roles to {_service} are cut, {CUTS} times",
        duplicates=_twice,
    )(cut(_service))
    case(
        f"{_service} forgets connections",
        "network",
        f"all connections to {_service} go silent for good, half-open; new ones work",
        duplicates=_twice,
    )(forgotten(_service))
case(
    "kafka silent past session time-out",
    "network",
    f"for {PAST_SESSION_S:.0f} s nothing passes between the roles and Kafka: their groups and transactions end",
)(silent("kafka", PAST_SESSION_S))
