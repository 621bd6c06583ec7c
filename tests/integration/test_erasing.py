"""The parked jobs of a person who is erased, on a real RabbitMQ: what is said when not all could be seen."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agents.console.dead_letters import DeadLetters, Work
from agents.erase_held import Held
from agents.erasing import AT_CENTRE, HELD_BY_OTHERS, Result, forget
from sinks.forgetting import Forgetting, Forgotten
from sinks.parked.messages import ParkedFilter
from sinks.rabbit.browse import Browser
from sinks.topology import QUEUE_PARKED
from streams.events import Erase
from streams.ledger.answers import Holds
from streams.ledger.queries import HoldsOf
from streams.settings import Settings
from tests.integration.parked_jobs import park, parked_message
from tests.integration.test_deliver import job
from tests.kafka import topics_of
from tests.rabbit import rabbit_settings, ready
from tests.site import free_port

pytestmark = pytest.mark.stack

PERSON = job(1).event.user.em[0]
ERASE = Erase(tenant="default", field="em", digest=PERSON)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The sessions, visitors and the ledger are done at once."""

    async def run(_: Forgetting) -> Forgotten:
        return Forgotten(sent=[])

    monkeypatch.setattr(Forgetting, "run", run)
    with rabbit_settings(tmp_path, partitions=1) as made:
        yield made


async def erased(settings: Settings, letters: DeadLetters | None = None) -> Result:
    async def ask(_: HoldsOf) -> Holds:
        return Holds(events=1)

    more = {} if letters is None else {"alone": letters.alone}
    return await forget(settings, [ERASE], "ada", 1, ask, lambda _: None, **more)


async def test_jobs_of_the_person_go_and_others_stay(settings: Settings) -> None:
    other = job(2)
    other = msgspec.structs.replace(
        other, event=msgspec.structs.replace(other.event, user=msgspec.structs.replace(other.event.user, em=()))
    )
    async with topics_of(settings):
        await park(settings, [parked_message(job(1)), parked_message(other)])
        found, held, problems = await erased(settings)
    assert (found.parked, found.done, held, problems) == (1, True, Held(1, 1), [])
    assert await ready(settings, QUEUE_PARKED) == 1


async def test_jobs_that_somebody_else_holds_are_said_to_be_missed(settings: Settings) -> None:
    await park(settings, [parked_message(job(1))])
    async with Browser(settings, QUEUE_PARKED) as other:
        assert [one async for one in other.messages()]
        found, _, problems = await erased(settings)
    assert (found.parked, found.done, problems) == (0, False, [HELD_BY_OTHERS])


@pytest.mark.parametrize("away", ["rabbitmq_url", "rabbitmq_management_url"])
async def test_a_rabbitmq_that_is_away_is_said(settings: Settings, away: str) -> None:
    url = str(getattr(settings, away))
    gone = settings.model_copy(update={away: re.sub(r":\d+", f":{free_port()}", url)})
    found, _, [problem] = await erased(gone)
    assert (found.parked, found.done) == (None, False)
    assert "RabbitMQ" in problem


async def test_a_client_site_has_no_jobs(settings: Settings) -> None:
    found, _, problems = await erased(settings.model_copy(update={"gateway_url": "https://central.example"}))
    assert (found.parked, found.done, problems) == (0, True, [AT_CENTRE])


async def test_the_dead_letters_wait_for_it_and_it_for_them(settings: Settings) -> None:
    await park(settings, [parked_message(job(n)) for n in range(3)])
    letters, ended = DeadLetters(settings), asyncio.Event()

    async def end(_: Work) -> None:
        ended.set()

    async with letters.alone():
        assert "under way" in (await letters.look(ParkedFilter())).why
        work = Work(kind="replay", who="ada", target="", started_ms=1)
        letters.begin("replay", ParkedFilter(), work, end, limit=0, per_second=100)
        erasing = asyncio.create_task(erased(settings, letters))
        await asyncio.sleep(0.3)
        assert (work.running, erasing.done()) == (True, False)
    found, _, problems = await erasing
    await asyncio.wait_for(ended.wait(), 30)
    assert (work.done, found.parked, problems) == (3, 0, [])  # the replay was first; a tombstone stops its jobs
