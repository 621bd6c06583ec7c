"""One answer of several workers, over HTTP: who does not answer is named, and never left out in silence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from agents.access.guard import user_of
from agents.access.users import Users
from agents.ledger_client import LedgerAwayError, LedgerIncompleteError, Ledgers
from agents.ledger_web import LedgerWeb
from streams.ledger.answers import Answer, Cluster, Holds, WorkerSeen
from streams.ledger.queries import ClusterOf, HoldsOf, Query
from streams.settings import Settings, load_settings
from tests.site import free_port

ASKED = HoldsOf(tenant="a", field="em", digest="ab" * 32, tenants=("a",))


class Worker:
    """A worker's server; it knows `events` events, and by its peers all that they know."""

    def __init__(self, settings: Settings, peers: list[str], events: int) -> None:
        self.settings = at_a_port(settings)
        self.peers, self.events, self.url, self.away = peers, events, "", False
        self.asked: list[Query] = []
        self.ledgers = Ledgers(self.settings, lambda: self.peers)
        known = partial(user_of, self.settings, Users(self.settings.console_users))
        self.web = LedgerWeb(self.settings, self._answer, self.ledgers.ask, lambda: self.away, known)

    async def _answer(self, query: Query) -> Answer:
        self.asked.append(query)
        if isinstance(query, ClusterOf):
            return Cluster(workers=(WorkerSeen(self.url),))
        return Holds(visits=1, events=self.events)


def at_a_port(settings: Settings) -> Settings:
    """The same settings with a port of its own."""
    return settings.model_copy(update={"console_port": free_port()})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        internal_secret=f"file:{tmp_path / 'internal.secret'}", console_users=tmp_path / "users.toml"
    )


@asynccontextmanager
async def workers(settings: Settings, *events: int) -> AsyncIterator[list[Worker]]:
    peers: list[str] = []
    made = [Worker(settings, peers, number) for number in events]
    try:
        for worker in made:
            worker.url = await worker.web.start()
            peers.append(worker.url)
        yield made
    finally:
        for worker in made:
            await worker.ledgers.close()
            await worker.web.stop()


async def test_the_answers_of_all_workers_are_one(settings: Settings) -> None:
    async with workers(settings, 2, 3) as (one, two):
        assert await one.ledgers.ask(ASKED) == Holds(visits=2, events=5)
        assert one.asked == two.asked == [ASKED]


async def test_the_command_line_asks_one_which_asks_the_others(settings: Settings) -> None:
    async with workers(settings, 2, 3) as (one, _):
        client = Ledgers(settings.model_copy(update={"console_url": one.url}))
        assert await client.ask(ASKED) == Holds(visits=2, events=5)
        await client.close()


async def test_who_is_away_is_named(settings: Settings) -> None:
    async with workers(settings, 2, 3) as (one, two):
        two.away = True
        gone = f"http://127.0.0.1:{free_port()}"
        one.peers.append(gone)
        missing = tuple(sorted([two.url, gone]))
        with pytest.raises(LedgerIncompleteError, match=gone) as raised:
            await one.ledgers.ask(ASKED)
        assert raised.value.answer == Holds(visits=1, events=2, missing=missing)
        assert await one.ledgers.ask(ASKED, partial=True) == raised.value.answer
        assert await one.ledgers.ask(ClusterOf()) == Cluster(workers=(WorkerSeen(one.url),), missing=missing)


async def test_without_any_ledger_it_says_what_to_do(settings: Settings) -> None:
    client = Ledgers(settings.model_copy(update={"console_url": f"http://127.0.0.1:{free_port()}"}))
    with pytest.raises(LedgerAwayError, match="capi run"):
        await client.ask(ASKED)
    await client.close()


async def test_with_another_secret_nobody_is_answered(settings: Settings, tmp_path: Path) -> None:
    async with workers(settings, 2) as (one,):
        other = {"console_url": one.url, "internal_secret": f"file:{tmp_path / 'another.secret'}"}
        client = Ledgers(settings.model_copy(update=other))
        with pytest.raises(LedgerAwayError, match="CAPI_INTERNAL_SECRET"):
            await client.ask(ASKED)
        await client.close()
