"""One fault test from start to verdict: feed, hurt, wait until all is out or nothing moves any more, judge."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from time import monotonic

import msgspec

from tests.faults.collect import standings
from tests.faults.faults import Broker, Fault, Trouble, excused_duplicates
from tests.faults.feeder import Feeder
from tests.faults.plan import Plan
from tests.faults.site import Site
from tests.faults.verdict import Collected, Verdict, judge

PROGRESS_S = 5.0
LOOK_S = 3.0
QUIET_S = 60.0  # longer than a held event, a transaction's time-out and the ladder's longest rung together
SETTLE_S = 4.0  # after the last event came out: copies that are still on their way
DRAIN_S = 240.0


class Report(msgspec.Struct, frozen=True):
    """What a trial found. `exits` holds each role's exit codes (-9 is a kill, 70 a worker that left by itself)."""

    seed: int
    verdict: Verdict
    problems: tuple[str, ...]
    faults: tuple[str, ...]
    exits: dict[str, list[int]]
    took_s: float
    standings: tuple[str, ...] = ()  # of a failed trial: where each partition of each role stands


class Trial:
    """Runs `plan` through `site` under `faults`."""

    def __init__(self, site: Site, plan: Plan, faults: Sequence[Fault], broker: Broker, quiet_s: float = QUIET_S):
        self._site, self._plan, self._quiet_s = site, plan, quiet_s
        self._feeder = Feeder(site.settings.kafka_servers, site.settings.topic("events"), plan)
        self._trouble = Trouble(faults, site.roles, broker, self._say)
        self._planned_faults = len(faults)
        self._started_s = monotonic()

    async def run(self) -> Report:
        self._started_s = monotonic()
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(self._site.keep_up())
            await self._site.ready()
            self._say("every worker has joined")
            await self._feed_and_hurt()
            report = self._report(await self._drain())
            if report.problems:
                report = msgspec.structs.replace(report, standings=tuple(await standings(self._site.settings)))
            keeper.cancel()
        return report

    async def _feed_and_hurt(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            teller = tasks.create_task(self._tell())
            under_way = [tasks.create_task(self._feeder.run()), tasks.create_task(self._trouble.run())]
            await asyncio.wait(under_way)
            teller.cancel()

    async def _drain(self) -> Collected:
        """Look until nothing is missing, or nothing has moved for `quiet_s`."""
        deadline_s = monotonic() + DRAIN_S
        moved_s, came_out, settled = monotonic(), -1, False
        while True:
            collected = await self._site.collect(frozenset(self._feeder.accepted_ms))
            verdict = self._judge(collected)
            missing, out = sum(row.lost for row in verdict.rows), sum(row.delivered for row in verdict.rows)
            if out != came_out:
                moved_s, came_out = monotonic(), out
            if settled or monotonic() > min(moved_s + self._quiet_s, deadline_s):
                return collected
            self._say(f"all was sent; {missing} still inside")
            settled = missing == 0
            await asyncio.sleep(SETTLE_S if settled else LOOK_S)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(PROGRESS_S)
            self._say(
                f"sent {self._feeder.sent} of {len(self._plan.sends)}, accepted {len(self._feeder.accepted_ms)}"
            )

    def _judge(self, collected: Collected) -> Verdict:
        bound = excused_duplicates(self._trouble.done, self._site.settings.prefetch)
        return judge(self._plan, collected, bound)

    def _report(self, collected: Collected) -> Report:
        verdict = self._judge(collected)
        return Report(
            seed=self._plan.seed,
            verdict=verdict,
            problems=verdict.problems,
            faults=tuple(map(str, self._trouble.done)),
            exits=exits_of(self._site),
            took_s=round(monotonic() - self._started_s, 1),
        )

    def _say(self, what: str) -> None:
        place = f"{monotonic() - self._started_s:6.1f} s  faults {len(self._trouble.done)}/{self._planned_faults}"
        print(f"{place}  {what}", file=sys.stderr, flush=True)


def exits_of(site: Site) -> dict[str, list[int]]:
    return {name: role.exits for name, role in site.roles.items()}
