"""What the ledger says is delivered, asked session by session as the console would."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from agents.console.desk import AwayError
from agents.ledger_client import Ledgers
from streams.ledger.answers import Traces
from streams.ledger.queries import SessionOf
from streams.settings import Settings

AT_ONCE = 8
AGAIN_S = 0.5
Delivery = tuple[str, str, str]  # platform, pixel, event id
Visit = tuple[str, str]  # tenant, session id


async def told(settings: Settings, visits: Iterable[Visit]) -> set[Delivery]:
    """Every delivery of these visits that the ledger knows of. Raises AwayError."""
    ledgers, gate = Ledgers(settings), asyncio.Semaphore(AT_ONCE)

    async def one(visit: Visit) -> Traces:
        async with gate:
            answer: Traces = await ledgers.ask(SessionOf(tenant=visit[0], session_id=visit[1]))
            return answer

    try:
        answers = await asyncio.gather(*map(one, visits))
    finally:
        await ledgers.close()
    return {
        (job.platform, job.pixel_id, event.event_id)
        for answer in answers
        for event in answer.events
        for job in event.jobs
        if job.state == "delivered"
    }


async def told_in_the_end(
    settings: Settings, visits: Iterable[Visit], wanted: set[Delivery], within_s: float
) -> frozenset[Delivery]:
    """The same as soon as it is what is wanted, or after `within_s`: the ledger may be a moment behind."""
    visits, found = list(visits), set[Delivery]()
    try:
        async with asyncio.timeout(within_s):
            while found != wanted:
                await asyncio.sleep(AGAIN_S if found else 0)
                try:
                    found = await told(settings, visits)
                except AwayError:
                    await asyncio.sleep(AGAIN_S)
    except TimeoutError:
        pass
    return frozenset(found)
