"""What goes wrong and when: a pure schedule from a seed, and its execution on live processes."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Literal, Protocol

import msgspec

from tests.faults.roles import Role

Kind = Literal["kill", "stop", "broker"]
STOPPED_S = (8.0, 11.0)  # past the session time-out of 6 s: the stopped worker wakes up as a former owner
UP_WITHIN_S = 15.0  # a role that has just died is killed again only once it is back
QUIET_AT_START_S = 6.0
POLL_S = 0.2


class Fault(msgspec.Struct, frozen=True):
    """`at_s` after the start; `role` is "" for the broker; `lasts_s` is how long a stopped role stays so."""

    at_s: float
    kind: Kind
    role: str = ""
    lasts_s: float = 0.0

    def __str__(self) -> str:
        lasts = f" for {self.lasts_s:.1f} s" if self.lasts_s else ""
        return f"{self.kind} {self.role or 'kafka'}{lasts}"


class Broker(Protocol):
    """A Kafka broker that comes back by itself."""

    def kill(self) -> bool:
        """kill -9; whether there was anything to kill."""


def schedule(
    seed: int, count: int, duration_s: float, roles: Sequence[str], stoppable: Sequence[str]
) -> list[Fault]:
    """`count` faults at random moments of the feed: one kill of every role, a stop and a broker kill at least
    (when `count` allows, in this order: stop, broker, kills), the rest by chance."""
    rng = random.Random(seed)
    kinds: list[tuple[Kind, str]] = [("stop", rng.choice(stoppable)), ("broker", "")]
    kinds += [("kill", role) for role in rng.sample(roles, len(roles))]
    while len(kinds) < count:
        kinds.append(_any_fault(rng, roles, stoppable))
    chosen = kinds[:count]
    rng.shuffle(chosen)
    # one in each slice of the time, so that recoveries are hit too but the feed has ordinary moments as well
    slice_s = (duration_s - QUIET_AT_START_S) / max(1, count)
    moments = [QUIET_AT_START_S + (place + rng.random()) * slice_s for place in range(count)]
    return [
        Fault(at_s, kind, role, rng.uniform(*STOPPED_S) if kind == "stop" else 0.0)
        for at_s, (kind, role) in zip(moments, chosen, strict=True)
    ]


def _any_fault(rng: random.Random, roles: Sequence[str], stoppable: Sequence[str]) -> tuple[Kind, str]:
    kind: Kind = rng.choices(("kill", "stop", "broker"), (0.7, 0.15, 0.15))[0]
    if kind == "broker":
        return kind, ""
    return kind, rng.choice(roles if kind == "kill" else stoppable)


class Trouble:
    """Carries a schedule out. `done` names what has happened so far."""

    def __init__(
        self,
        faults: Sequence[Fault],
        roles: Mapping[str, Role],
        broker: Broker,
        say: Callable[[str], None],
    ) -> None:
        self._faults, self._roles, self._broker, self._say = faults, roles, broker, say
        self.done: list[Fault] = []

    async def run(self) -> None:
        started_s = monotonic()
        async with asyncio.TaskGroup() as tasks:
            for fault in self._faults:
                await asyncio.sleep(max(0.0, started_s + fault.at_s - monotonic()))
                tasks.create_task(self._strike(fault))

    async def _strike(self, fault: Fault) -> None:
        hit = self._broker.kill() if fault.kind == "broker" else await self._strike_role(fault)
        if hit:
            self.done.append(fault)
        self._say(str(fault) if hit else f"{fault}: was not running")

    async def _strike_role(self, fault: Fault) -> bool:
        role = self._roles[fault.role]
        await self._until_up(role)
        if fault.kind == "kill":
            return role.kill()
        role.signal(signal.SIGSTOP)
        await asyncio.sleep(fault.lasts_s)
        role.signal(signal.SIGCONT)
        return True

    async def _until_up(self, role: Role) -> None:
        deadline_s = monotonic() + UP_WITHIN_S
        while not role.running and monotonic() < deadline_s:
            await asyncio.sleep(POLL_S)
