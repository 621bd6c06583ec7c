"""One run of one case: feed a fresh plan by all doors, strike at a random moment, wait until all is out or nothing
moves any more, judge; then see whether the site is as it was."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple

import msgspec

from sinks.topology import PLATFORMS
from tests.faults.matrix.arena import Arena
from tests.faults.matrix.case import Case
from tests.faults.matrix.doors import Door, accepted, doors_of
from tests.faults.matrix.gather import Gather
from tests.faults.matrix.health import well
from tests.faults.matrix.mirror import MirrorCheck, left_over
from tests.faults.plan import make_plan
from tests.faults.verdict import EXAMPLES, Collected, Verdict, judge

STRIKE_WITHIN = (0.15, 0.6)  # of the usual feed: what takes long has the rest of a longer one
STRIKE_S = 180.0  # longest time that a strike may take to put everything right
LOOK_S, SETTLE_S = 0.7, 1.5
QUIET_S = 45.0  # longer than a transaction's time-out, a stall and the ladder's longest rung together
DRAIN_S = 180.0
TELL_S = 5.0


class Size(NamedTuple):
    """Of one run. `feed_s`: how long the feed takes."""

    events: int = 4_000
    sessions: int = 900
    feed_s: float = 10.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one run found. `usable`: the arena is well and may serve the next run. `exits`: what each role ended
    with during the run (-9 is a kill, 70 a worker that left by itself)."""

    case: str
    seed: int
    verdict: Verdict
    problems: tuple[str, ...]
    usable: bool
    exits: dict[str, list[int]]
    took_s: float


class Run:
    """`run` it once. `label` begins its lines of progress."""

    def __init__(self, arena: Arena, case: Case, seed: int, size: Size, label: str = "") -> None:
        self._arena, self._case, self._label = arena, case, label or case.name
        self._rng = random.Random(seed)
        feed_s = max(size.feed_s, case.min_duration_s)
        self._plan = make_plan(seed, size.events, size.sessions, feed_s)
        self._strike_at_s = size.feed_s * self._rng.uniform(*STRIKE_WITHIN)
        self._gather = Gather(arena, self._plan)
        self._doors: Sequence[Door] = ()
        self._problems: list[str] = []
        self._doing = ""

    async def run(self) -> Outcome:
        """Never raises: what goes wrong with the run itself is a problem of it, and the arena not used again."""
        started_s, before = monotonic(), {name: len(role.exits) for name, role in self._arena.roles.items()}
        collected, usable = Collected(frozenset(), ()), False
        teller = asyncio.create_task(self._tell())
        try:
            await self._gather.start()
            await self._feed_and_strike()
            differences = await self._drain()
            usable = await self._is_well()
            collected = await self._settled(differences)
        except Exception as error:  # whatever it is, the next case is to run
            self._problems.append(f"the run ended early: {type(error).__name__} {error}")
        finally:
            teller.cancel()
        verdict = self._judge(collected)
        exits = {name: role.exits[before.get(name, 0) :] for name, role in self._arena.roles.items()}
        return Outcome(
            case=self._case.name,
            seed=self._plan.seed,
            verdict=verdict,
            problems=(*self._problems, *verdict.problems),
            usable=usable,
            exits={name: codes for name, codes in exits.items() if codes},
            took_s=round(monotonic() - started_s, 1),
        )

    async def _is_well(self) -> bool:
        self._doing = "back to health"
        if wrong := await well(self._arena):
            self._problems.append("not well again: " + "; ".join(wrong))
        if self._gather.unreadable and not self._case.foreign:
            self._problems.append(f"{self._gather.unreadable} records of topics are unreadable")
        return not wrong and self._arena.failed is None

    async def _feed_and_strike(self) -> None:
        self._doing = "feed"
        self._doors = doors_of(self._arena, self._plan)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._strike())
            for door in self._doors:
                tasks.create_task(door.run())

    async def _strike(self) -> None:
        await asyncio.sleep(self._strike_at_s)
        self._say(f"strikes at {self._strike_at_s:.1f} s")
        started_s = monotonic()
        try:
            async with asyncio.timeout(STRIKE_S):
                await self._case.strike(self._arena, self._rng)
        except Exception as error:  # whatever it is, it belongs into the report
            self._problems.append(f"the strike failed: {type(error).__name__} {error}")
        self._say(f"all put right after {monotonic() - started_s:.1f} s")

    async def _drain(self) -> int:
        """Look until nothing is missing, or nothing has moved for QUIET_S; meanwhile the mirror is looked at: how
        many differences there are."""
        self._doing, settings = "drain", self._arena.settings
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(MirrorCheck(settings, self._plan.seed).run())
            await self._until_out()
            self._doing = "mirror"
        wrong = [*looking.result(), *await left_over(settings, self._plan.seed)]
        self._problems += [f"mirror: {each}" for each in wrong[:EXAMPLES]]
        return len(wrong)

    async def _settled(self, differences: int) -> Collected:
        """What there is now that the site is well and nothing is under way: what came late is not lost."""
        self._doing = "ledger"
        collected = await self._gather.collect(accepted(self._doors), self._case.foreign)
        collected = msgspec.structs.replace(collected, mirror_differences=differences)
        for row in self._judge(collected).rows:
            self._problems += [f"{row.what} lacks {each}: {self._gather.fate(each)}" for each in row.lost_ids]
        return await self._gather.asked_ledger(collected)

    async def _until_out(self) -> None:
        deadline_s = monotonic() + DRAIN_S
        moved_s, came_out, settled = monotonic(), -1, False
        while True:
            collected = await self._gather.collect(accepted(self._doors), self._case.foreign)
            rows = self._judge(collected).rows
            missing, out = sum(row.lost for row in rows), sum(row.delivered for row in rows)
            if out != came_out:
                moved_s, came_out = monotonic(), out
            if settled or monotonic() > min(moved_s + QUIET_S, deadline_s):
                return
            self._doing = f"drain, {missing} still inside"
            settled = missing == 0
            await asyncio.sleep(SETTLE_S if settled else LOOK_S)

    def _judge(self, collected: Collected) -> Verdict:
        return judge(self._plan, collected, excused(self._case, self._arena))

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            sent = sum(door.sent for door in self._doors)
            self._say(f"sent {sent} of {len(self._plan.sends)}, accepted {len(accepted(self._doors))}")

    def _say(self, what: str) -> None:
        self._arena.say(f"{self._label}, seed {self._plan.seed}, {self._doing}: {what}")


def excused(case: Case, arena: Arena) -> int:
    """Most platform duplicates that the fault may cause.

    In flight: deliver killed had posted and not recorded at most what it held unacknowledged; dispatch killed
    publishes again, and a copy is posted only while deliver holds the first one. Both are at most what the workers
    hold of each queue together.
    """
    in_hand = arena.settings.prefetch * len(PLATFORMS) * sum(name.startswith("deliver") for name in arena.roles)
    return {"none": 0, "in flight": in_hand, "any": 1_000_000_000}[case.duplicates]
