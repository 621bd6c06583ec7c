"""What a ledger worker's web server refuses, and whose tenants an answer is of."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import httpx
import pytest

from agents.console.desk import AwayError
from agents.ledger_web import PATH, Asker, LedgerWeb, scope
from streams.ledger.answers import Answer, Holds
from streams.ledger.queries import Query, Tenants
from streams.settings import load_settings
from tests.site import free_port


@pytest.mark.parametrize(
    ("asked", "allowed", "seen"),
    [
        (None, None, None),
        (None, ("a",), ("a",)),
        (("a", "b"), None, ("a", "b")),
        (("a", "b"), ("b", "c"), ("b",)),
        (("a",), (), ()),
    ],
)
def test_scope(asked: Tenants, allowed: Tenants, seen: Tenants) -> None:
    assert scope(asked, allowed) == seen


class Worker:
    """Answers how many tenants it was asked for; `away` says that it is rebalancing."""

    def __init__(self) -> None:
        self.away = False
        self.asked: list[Query] = []
        settings = load_settings(console_port=free_port())
        self.web = LedgerWeb(settings, self._answer, self._ask, lambda: self.away, self._user_of)

    async def _answer(self, query: Query) -> Answer:
        self.asked.append(query)
        return Holds(events=1)

    async def _ask(self, query: Query) -> Answer:
        raise AwayError("a worker does not answer")

    async def _user_of(self, headers: Mapping[str, str]) -> Asker | None:
        return SimpleNamespace(tenants=("a",)) if headers.get("Authorization") == "known" else None


async def test_known_users_are_answered_within_their_tenants_and_not_while_it_takes_over() -> None:
    worker = Worker()
    everybody = await worker.web.start() + PATH
    url = everybody + "?local=1"
    question = b'{"ask": "trace", "event_id": "e", "tenants": ["a", "b"]}'
    try:
        async with httpx.AsyncClient(headers={"Authorization": "known"}) as client:
            assert (await client.post(url, content=question)).json() == {"events": 1}
            assert [query.tenants for query in worker.asked] == [("a",)]
            worker.away = True
            later = await client.post(url, content=question)
            assert (later.status_code, later.headers["Retry-After"]) == (503, "2")
            worker.away = False
            incomplete = await client.post(everybody, content=question)
            assert (incomplete.status_code, incomplete.json()) == (503, {"error": "a worker does not answer"})
            assert (await client.post(url, content=b"x" * 70_000)).status_code == 413
            stranger = await client.post(url, content=question, headers={"Authorization": ""})
            assert stranger.status_code == 401
            assert len(worker.asked) == 1
    finally:
        await worker.web.stop()


async def test_workers_of_one_machine_take_the_next_port() -> None:
    first = Worker()
    url = httpx.URL(await first.web.start())
    settings = load_settings(console_port=url.port)
    second = LedgerWeb(settings, first._answer, first._answer, lambda: False, first._user_of)
    try:
        other = httpx.URL(await second.start())
        assert other.host == url.host and 0 < other.port - url.port < 10  # type: ignore[operator]
    finally:
        await second.stop()
        await first.web.stop()
