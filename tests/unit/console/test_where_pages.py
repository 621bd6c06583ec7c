"""Where a held event is, on /trace and /search; and what the Overview keeps from users of one tenant."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from agents.console import pages_cluster, pages_overview
from agents.console.standing import Standing
from agents.ledger_client import LedgerIncompleteError
from streams.ledger.answers import Traces
from streams.ledger.queries import Query
from streams.session_find import Found, Place, Stay
from streams.session_view import SessionCluster, SessionWorker, WorkerPartition
from tests.unit.console.desk import FakeDesk, FakeLedger, FakeSessions, console, fake_desk
from tests.unit.console.test_sessions_pages import EVENT, ROW
from tests.unit.story.traces import delivered, purchase

DUE_MS = ROW.due_ms
HELD = Found(
    places=(Place(row=ROW, event=EVENT, stay=Stay(due_ms=DUE_MS, latest_ms=DUE_MS + 60_000, why="idle")),)
)


def sessions_of(desk: FakeDesk) -> FakeSessions:
    return cast(FakeSessions, desk.sessions)


async def page_of(desk: FakeDesk, path: str, who: str = "viewer") -> str:
    async with console(desk) as browser:
        await browser.login(who)
        answer = await browser.get(path)
        assert answer.status == 200
        return await answer.text()


async def test_a_held_event_leads_to_its_session_and_counts_down(tmp_path: Path) -> None:
    desk = fake_desk(tmp_path)
    sessions_of(desk).places = HELD
    text = await page_of(desk, "/trace?event_id=x")
    assert "<script>alert" not in text and "Held in session &lt;script&gt;" in text
    assert 'href="/sessions/one?key=shop%7C' in text
    assert "Leaves in <span" in text and "at the latest" in text
    assert "Nobody knows" not in text
    assert 'hx-trigger="every 10s"' in text


async def test_session_workers_that_are_away_are_said_and_the_rest_is_told(tmp_path: Path) -> None:
    desk = fake_desk(tmp_path)
    sessions_of(desk).away = True
    text = await page_of(desk, "/trace?event_id=x")
    assert "No session worker answers, so whether a session holds this event is not known" in text
    assert "Nobody knows" in text and "that session could not be looked at" in text


async def test_a_search_that_was_whole_leaves_no_doubt_about_sessions(tmp_path: Path) -> None:
    text = await page_of(fake_desk(tmp_path), "/trace?event_id=x")
    assert "Nobody knows" in text and "that session could not be looked at" not in text
    assert 'hx-trigger="every 10s"' not in text


async def test_while_the_ledger_is_away_a_held_event_is_told_and_no_reason_why_it_is_not(tmp_path: Path) -> None:
    desk = fake_desk(tmp_path)
    cast(FakeLedger, desk.ledger).away = True
    sessions_of(desk).places = HELD
    text = await page_of(desk, "/trace?event_id=x")
    assert "Held in session" in text and "The ledger does not answer" in text
    assert "partitions of the ledger are being taken over" in text
    assert "Nobody knows" not in text


@pytest.mark.parametrize(
    ("sessions_away", "says"),
    [(False, "no open session holds this event"), (True, "nothing is known of this event now")],
)
async def test_while_the_ledger_is_away_what_no_session_holds_is_not_known(
    tmp_path: Path, sessions_away: bool, says: str
) -> None:
    desk = fake_desk(tmp_path)
    cast(FakeLedger, desk.ledger).away, sessions_of(desk).away = True, sessions_away
    async with console(desk) as browser:
        await browser.login("viewer")
        answer = await browser.get("/trace?event_id=x")
        text = await answer.text()
        assert answer.status == 503
        assert says in text and "Nobody knows" not in text
        assert ("No session worker answers" in text) is sessions_away


async def test_what_left_a_session_while_the_ledger_is_away_is_not_called_unheard_of(tmp_path: Path) -> None:
    desk = fake_desk(tmp_path)
    sessions_of(desk).places = Found(places=(Place(row=ROW),))
    assert "has not heard of it" in await page_of(desk, "/trace?event_id=x")
    cast(FakeLedger, desk.ledger).away = True
    text = await page_of(desk, "/trace?event_id=x")
    assert "It left session" in text and "does not answer" in text and "has not heard of it" not in text


async def test_one_of_several_ledger_workers_away_leaves_what_the_others_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = fake_desk(tmp_path)

    async def ask(_: Query) -> object:
        raise LedgerIncompleteError(Traces(events=(purchase(delivered()),), missing=("http://gone:1",)))

    monkeypatch.setattr(desk.ledger, "ask", ask)
    text = await page_of(desk, "/trace?event_id=order-1")
    assert "Delivered to Meta" in text and "http://gone:1" in text


async def test_the_search_box_finds_held_events_while_the_ledger_is_away(tmp_path: Path) -> None:
    desk = fake_desk(tmp_path)
    cast(FakeLedger, desk.ledger).away = True
    async with console(desk) as browser:
        await browser.login("viewer")
        assert (await browser.get("/search?q=x")).headers["Location"] == "/trace?event_id=x"
        sessions_of(desk).view = object()
        assert (await browser.get("/search?q=x")).headers["Location"].startswith("/sessions/one")
        sessions_of(desk).places = HELD
        assert (await browser.get("/search?q=x")).headers["Location"] == "/trace?event_id=x"


async def test_the_search_box_finds_a_held_event_before_a_session(tmp_path: Path) -> None:
    desk = fake_desk(tmp_path)
    sessions_of(desk).view = object()  # a session has this name too
    async with console(desk) as browser:
        await browser.login("viewer")
        assert (await browser.get("/search?q=x")).headers["Location"].startswith("/sessions/one")
        sessions_of(desk).places = HELD
        assert (await browser.get("/search?q=x")).headers["Location"] == "/trace?event_id=x"


async def nobody_says() -> None: ...


@pytest.mark.parametrize(("who", "seen"), [("viewer", True), ("shop-viewer", False)])
async def test_what_is_counted_for_all_tenants_is_not_told_to_users_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str, seen: bool
) -> None:
    desk = fake_desk(tmp_path, rabbitmq_management_url="http://127.0.0.1:1")
    worker = SessionWorker(url="", state="ready", partitions=(WorkerPartition(partition=0, sessions=4711),))
    sessions_of(desk).seen = SessionCluster(workers=(worker,))
    site = Standing(desk.settings)
    for name in ("lag", "queues"):
        monkeypatch.setattr(getattr(site, name), "_ask", nobody_says)
    for page in (pages_overview, pages_cluster):
        monkeypatch.setattr(page, "standing", lambda _: site)
    text = await page_of(desk, "/", who)
    whole = ("remembered now", "What waits", "Kafka does not say", "management does not answer")
    assert [part in text for part in whole] == [seen] * 4
    assert "in the last hour" in text
    text = await page_of(desk, "/cluster", who)
    assert ("Kafka has not said yet" in text, "management has not said yet" in text) == (seen, seen)
    assert "Session workers" in text
