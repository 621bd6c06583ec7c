"""Runs cases one after the other, on one arena for all that need the same services."""

from __future__ import annotations

import logging
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from tests.faults.matrix.arena import Arena, open_arena
from tests.faults.matrix.case import Case
from tests.faults.matrix.health import well
from tests.faults.matrix.run import Outcome, Run, Size

FIRST_WELL_S = 120.0
NOISY = ("aiokafka", "httpx", "aiormq")  # they tell at length that something is away, which it is


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """`seed` of the first run of each case, which repeats plan and moment; None: a new one for every run.
    `instead`: other commands of roles."""

    cases: Sequence[Case]
    runs: int = 5
    size: Size = Size()
    seed: int | None = None
    instead: Mapping[str, Sequence[str]] = {}

    def runs_of(self, case: Case) -> int:
        return min(self.runs, case.most_runs)


async def run_all(order: Order) -> AsyncIterator[tuple[Case, Outcome]]:
    """Each outcome as it is there. An arena that did not get well again is left, and another one opened."""
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    todo = [(case, n) for case in by_services(order.cases) for n in range(order.runs_of(case))]
    async with Ring(order.instead) as ring:
        for place, (case, n) in enumerate(todo, 1):
            arena = await ring.arena_for(case)
            seed = secrets.randbelow(1_000_000) if order.seed is None else order.seed + n
            label = f"[{place}/{len(todo)}] {case.name}"
            outcome = await Run(arena, case, seed, order.size, label).run()
            arena.say(f"{label}: {'; '.join(outcome.problems) or 'nothing lost'}, {outcome.took_s:.0f} s")
            ring.served(outcome)
            yield case, outcome


def by_services(cases: Iterable[Case]) -> list[Case]:
    """Those on the same services beside each other, else in their order."""
    cases = list(cases)
    kinds = list(dict.fromkeys(case.services for case in cases))
    return sorted(cases, key=lambda case: kinds.index(case.services))


class Ring:
    """The arena that stands now. Folders of arenas in which something went wrong are kept, and named."""

    def __init__(self, instead: Mapping[str, Sequence[str]]) -> None:
        self._instead = instead
        self._stack = AsyncExitStack()
        self._arena: Arena | None = None
        self._services: object = None
        self._keep = self._broken = False

    async def __aenter__(self) -> Ring:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave()

    async def arena_for(self, case: Case) -> Arena:
        """Raises RoleError when it does not come up."""
        if self._arena is None or self._broken or case.services is not self._services:
            await self._leave()
            self._arena, self._services = await self._open(case), case.services
        return self._arena

    def served(self, outcome: Outcome) -> None:
        self._broken = not outcome.usable
        self._keep = self._keep or bool(outcome.problems)

    async def _open(self, case: Case) -> Arena:
        folder = Path(tempfile.mkdtemp(prefix="capi-faults-"))
        self._stack.callback(self._forget, folder)
        arena = await self._stack.enter_async_context(open_arena(folder, case.services(folder), self._instead))
        arena.say(f"an arena is on its way up, logs in {folder}")
        if wrong := await well(arena, FIRST_WELL_S):
            self._keep = True
            raise RuntimeError(f"the arena does not come up: {'; '.join(wrong)}; logs in {folder}")
        arena.say("every role is there")
        return arena

    def _forget(self, folder: Path) -> None:
        if not self._keep:
            shutil.rmtree(folder, ignore_errors=True)

    async def _leave(self) -> None:
        await self._stack.aclose()
        self._arena, self._keep, self._broken = None, False, False
