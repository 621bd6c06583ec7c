"""Where a held event is, on /trace and /search; and what the Overview keeps from users of one tenant."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from agents.console import pages_overview
from agents.console.standing import Standing
from streams.session_find import Found, Place, Stay
from streams.session_view import SessionCluster, SessionWorker, WorkerPartition
from tests.unit.console.desk import FakeDesk, FakeSessions, console, fake_desk
from tests.unit.console.test_sessions_pages import EVENT, ROW

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
    monkeypatch.setattr(pages_overview, "standing", lambda _: site)
    text = await page_of(desk, "/", who)
    whole = ("remembered now", "What waits", "Kafka does not say", "management does not answer")
    assert [part in text for part in whole] == [seen] * 4
    assert "in the last hour" in text
