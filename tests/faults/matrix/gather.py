"""All that a run left behind, of this run only: ids carry its seed; those of what a case adds are `extra-…`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import structlog
from aiokafka.errors import KafkaError

from streams.events import Reject
from tests.faults.collect import PERSONAL
from tests.faults.matrix.arena import Arena
from tests.faults.matrix.ledger import told_in_the_end
from tests.faults.matrix.tail import Tail
from tests.faults.plan import Plan
from tests.faults.verdict import Collected, Delivery, Landed, taken

ANOTHERS = re.compile(r"extra-|e(\d+)-")  # ids of cases, and of runs
TOLD_WITHIN_S = 30.0


class Gather:
    """`start` before the feed, then `collect` as often as you like: it adds up."""

    def __init__(self, arena: Arena, plan: Plan) -> None:
        self._arena, self._seed, self._events = arena, str(plan.seed), plan.events()
        self._tail = Tail(arena.settings)
        self._read: dict[Path, int] = {}
        self._clear_outputs = 0

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

    async def told(self, collected: Collected) -> frozenset[Delivery]:
        """What the ledger says of this run's visits."""
        visits = {(planned.shop, planned.session_id) for planned in self._events.values()}
        return await told_in_the_end(self._arena.settings, visits, taken(collected), TOLD_WITHIN_S)

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
