"""/search: to an event's way, to a session, or to the page that says why nobody knows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from streams.ledger.answers import Answer, EventTrace, RejectSeen, Traces
from streams.ledger.queries import Query, SessionOf, TraceOf
from tests.unit.console.desk import FakeDesk, FakeSessions, console, fake_desk

EVENT = EventTrace(tenant="other", session_id="visit-2", event_id="order-1")
REFUSED = RejectSeen(at_ms=1, reason="too old", topic="t", partition=0, offset=1, tenant="shop", event_id="bad-1")


class Ledger:
    """Knows the event order-1, that bad-1 was refused, and that events left the session visit-2 of `other`."""

    def __init__(self) -> None:
        self.asked: list[Query] = []

    async def ask(self, query: Query) -> Answer:
        self.asked.append(query)
        if isinstance(query, TraceOf):
            events = (EVENT,) if query.event_id == "order-1" and sees(query) else ()
            return Traces(events=events, rejects=(REFUSED,) if query.event_id == "bad-1" else ())
        assert isinstance(query, SessionOf)
        wanted = (query.tenant, query.session_id) == ("other", "visit-2") and sees(query)
        return Traces(events=(EVENT,) if wanted else ())


def sees(query: TraceOf | SessionOf) -> bool:
    return query.tenants is None or "other" in query.tenants


class Sessions(FakeSessions):
    """visit-3 of `shop` is open."""

    async def show(self, user: Any, tenant: str, session_id: str) -> Any:
        self._here()
        return object() if (tenant, session_id) == ("shop", "visit-3") and user.sees(tenant) else None


@pytest.fixture
def desk(tmp_path: Path) -> FakeDesk:
    made = fake_desk(tmp_path)
    object.__setattr__(made, "ledger", Ledger())
    object.__setattr__(made, "sessions", Sessions())
    return made


async def place(desk: FakeDesk, text: str, who: str = "viewer") -> str:
    async with console(desk) as browser:
        await browser.login(who)
        answer = await browser.client.get("/search", params={"q": text}, allow_redirects=False)
        assert answer.status == 303
        return answer.headers["Location"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("order-1", "/trace?event_id=order-1"),
        ("  order-1 ", "/trace?event_id=order-1"),
        ("bad-1", "/trace?event_id=bad-1"),
        ("visit-2", "/sessions/one?key=other%7Cvisit-2"),
        ("visit-3", "/sessions/one?key=shop%7Cvisit-3"),
        ("shop|never seen", "/sessions/one?key=shop%7Cnever+seen"),
        ("nowhere|visit-2", "/trace?event_id=nowhere%7Cvisit-2"),
        ("nothing", "/trace?event_id=nothing"),
        ("", "/trace"),
        ("   ", "/trace"),
        ("//evil.example", "/trace?event_id=//evil.example"),
        ("a&next=b#c\r\nX: y", "/trace?event_id=a%26next%3Db%23c%0D%0AX:+y"),
        ("x" * 600, f"/trace?event_id={'x' * 500}"),
        ("ada@example.com", "/people"),
        ("+49 30 901820", "/people"),
    ],
)
async def test_where_a_search_leads(desk: FakeDesk, text: str, found: str) -> None:
    assert await place(desk, text) == found


@pytest.mark.parametrize("text", ["visit-2", "other|visit-2", "order-1"])
async def test_what_is_of_another_tenant_is_not_found(desk: FakeDesk, text: str) -> None:
    assert (await place(desk, text, "shop-admin")).startswith("/trace?event_id=")
    assert {query.tenants for query in cast(Ledger, desk.ledger).asked} == {("shop",)}


async def test_without_session_workers_the_ledger_still_finds_a_session(desk: FakeDesk) -> None:
    cast(FakeSessions, desk.sessions).away = True
    assert await place(desk, "visit-2") == "/sessions/one?key=other%7Cvisit-2"
    assert await place(desk, "visit-3") == "/trace?event_id=visit-3"
