"""What the ledger says is delivered, asked visit by visit as the console would."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic

from agents.console.desk import AwayError
from agents.ledger_client import Ledgers
from streams.ledger.answers import Traces
from streams.ledger.queries import SessionOf
from streams.settings import Settings
from tests.faults.verdict import Delivery

AT_ONCE = 4
AGAIN_S = 1.0
Visit = tuple[str, str]  # tenant, session id


class LedgerCheck:
    """`told` of each visit; one that nobody could be asked about has told nothing. `away` is the last reason."""

    def __init__(self, settings: Settings) -> None:
        self._ledgers = Ledgers(settings, peers=lambda: [settings.console_url])  # one worker: it has all
        self._gate = asyncio.Semaphore(AT_ONCE)
        self.told: dict[Visit, set[Delivery]] = {}
        self.away = ""

    async def run(self, wanted: Mapping[Visit, set[Delivery]], within_s: float) -> frozenset[Delivery]:
        """All that it tells of these visits: it may be a moment behind, so where it differs it is asked again."""
        deadline_s = monotonic() + within_s
        try:
            while True:
                open_ones = [visit for visit, delivered in wanted.items() if self.told.get(visit) != delivered]
                await asyncio.gather(*map(self._ask, open_ones))
                if all(self.told.get(visit) == wanted[visit] for visit in open_ones) or monotonic() > deadline_s:
                    return frozenset().union(*self.told.values())
                await asyncio.sleep(AGAIN_S)
        finally:
            await self._ledgers.close()

    async def _ask(self, visit: Visit) -> None:
        async with self._gate:
            try:
                answer: Traces = await self._ledgers.ask(SessionOf(tenant=visit[0], session_id=visit[1]))
            except AwayError as error:
                self.away = str(error)
                return
        self.told[visit] = {
            (job.platform, job.pixel_id, event.event_id)
            for event in answer.events
            for job in event.jobs
            if job.state == "delivered"
        }
