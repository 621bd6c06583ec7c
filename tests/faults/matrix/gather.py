"""All that a run left behind, of this run only: ids carry its seed; those of what a case adds are `extra-…`."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import msgspec
import structlog
from aiokafka.errors import KafkaError

from streams.events import Reject
from tests.faults.collect import PERSONAL
from tests.faults.matrix.arena import Arena
from tests.faults.matrix.ledger import LedgerCheck, Visit
from tests.faults.matrix.tail import Tail
from tests.faults.plan import Plan
from tests.faults.verdict import Collected, Landed, taken

ANOTHERS = re.compile(r"extra-|e(\d+)-")  # ids of cases, and of runs
TOLD_WITHIN_S = 45.0
VISITS = 200  # that the ledger is asked about; each question costs it and us some 10 ms


class Gather:
    """`start` before the feed, then `collect` as often as you like: it adds up."""

    def __init__(self, arena: Arena, plan: Plan) -> None:
        self._arena, self._seed, self._events = arena, str(plan.seed), plan.events()
        self._tail = Tail(arena.settings)
        self._read: dict[Path, int] = {}
        self._clear_outputs = 0

    @property
    def unreadable(self) -> int:
        """Records that are not what their topic holds."""
        return self._tail.unreadable

    async def start(self) -> None:
        """Raises KafkaError and httpx's errors."""
        await self._tail.start()
        await self._arena.platforms.forget()
        self._look_at_outputs()
        self._clear_outputs = 0

    async def collect(self, accepted_ms: Mapping[str, int], foreign: bool) -> Collected:
        """Of what cannot be asked now, what was known before."""
        landed, in_clear = list[Landed](), 0
        try:
            await self._tail.read()
            landed, in_clear = await self._arena.platforms.ledger()
        except (KafkaError, OSError, httpx.HTTPError):
            structlog.get_logger().warning("not all can be collected now")
        self._look_at_outputs()
        settings = self._arena.settings
        return Collected(
            accepted=frozenset(accepted_ms),
            batches=[batch for batch in self._tail.batches if self._is_ours(batch.events[0].event.event_id)],
            rejects=[reject for reject in self._tail.rejects if self._blames(reject, foreign)],
            landed=[line for line in landed if self._is_ours(line.event_id)],
            in_clear=in_clear + self._tail.in_clear + self._clear_outputs,
            arrivals=self._tail.arrivals,
            remembers_ms=round(1000 * (settings.idle_s + settings.grace_s)),
            accepted_ms=accepted_ms,
        )

    def fate(self, event_id: str) -> str:
        """The last outcome at each platform, for who looks for a lost event."""
        last = {(one.platform, one.pixel_id): one for one in self._tail.outcomes if one.event_id == event_id}
        told = [
            f"{platform} attempt {one.attempt} {one.outcome} {one.code} {'parked' * one.parked}".rstrip()
            for (platform, _), one in last.items()
        ]
        return ", ".join(told) or "no outcome"

    async def asked_ledger(self, collected: Collected) -> Collected:
        """`collected` with what the ledger says of some of this run's visits."""
        events: dict[Visit, set[str]] = {}
        for planned in self._events.values():
            events.setdefault((planned.shop, planned.session_id), set()).add(planned.event_id)
        visits = random.Random(self._seed).sample(sorted(events), min(VISITS, len(events)))
        landed = taken(collected)
        wanted = {visit: {line for line in landed if line[2] in events[visit]} for visit in visits}
        check = LedgerCheck(self._arena.settings)
        told = await check.run(wanted, TOLD_WITHIN_S)
        if check.away:
            self._arena.say(f"the ledger was away at times: {check.away}")
        asked = frozenset[str]().union(*(events[visit] for visit in visits))
        return msgspec.structs.replace(collected, told=told, asked=asked)

    def _is_ours(self, event_id: str) -> bool:
        """Everything but what is known to be another's."""
        found = ANOTHERS.match(event_id)
        return found is None or found[1] == self._seed

    def _blames(self, reject: Reject, foreign: bool) -> bool:
        return reject.event_id in self._events if foreign else self._is_ours(reject.event_id)

    def _look_at_outputs(self) -> None:
        """What the processes have written since the last look."""
        for output in self._arena.folder.glob("*.log"):
            with output.open("rb") as file:
                file.seek(self._read.get(output, 0))
                new = file.read()
                self._read[output] = file.tell()
            self._clear_outputs += new.count(PERSONAL)
