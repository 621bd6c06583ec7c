"""/sessions, /sessions/one and /cluster: hostile words, roles, scopes, reasons, and workers that do not answer."""

from __future__ import annotations

from pathlib import Path
from typing import cast
from urllib.parse import quote

import pytest

from streams.ledger.answers import Cluster, EventTrace, JobTrace, Traces, WorkerSeen
from streams.ledger.queries import ClusterOf, SessionOf
from streams.session_view import (
    SessionCluster,
    SessionList,
    SessionRow,
    SessionView,
    SessionWorker,
    ShownClick,
    ShownEvent,
    ShownField,
    WorkerPartition,
)
from tests.unit.console.desk import HOSTILE, FakeDesk, FakeLedger, FakeSessions, console, fake_desk

ROW = SessionRow(
    tenant="shop",
    session_id=HOSTILE,
    partition=3,
    status="open",
    held=2,
    held_bytes=900,
    first_ms=1,
    last_ms=2,
    due_ms=4_102_444_800_000,
    why="idle",
    known=("em",),
)
EVENT = ShownEvent(
    event_id=HOSTILE,
    event_name=HOSTILE,
    event_time_ms=1,
    at_ms=1,
    offset=7,
    own=("fbp",),
    backfilled={"em": HOSTILE},
    browser_fired=(HOSTILE,),
    consent="granted",
)
VIEW = SessionView(
    row=ROW,
    events=(EVENT,),
    identity={
        "em": ShownField(shown="973dfe46", source="visitor:fbp"),
        "fbp": ShownField(shown="present", source=HOSTILE),
    },
    clicks=(ShownClick(field="fbc", shown="present", first_ms=1, source=HOSTILE),),
    waits=True,
    last_offset=7,
)
WORKER = SessionWorker(url=HOSTILE, state="ready", partitions=(WorkerPartition(partition=0, sessions=5, held=9),))
ONE = f"/sessions/one?key={quote(f'shop|{HOSTILE}', safe='')}"


@pytest.fixture
def desk(tmp_path: Path) -> FakeDesk:
    made = fake_desk(tmp_path)
    workers, ledger = sessions_of(made), cast(FakeLedger, made.ledger)
    workers.found = SessionList(rows=(ROW,), after="1:a", found=2, looked_at=2, partial=True)
    workers.view, workers.seen = VIEW, SessionCluster(workers=(WORKER,), missing=(HOSTILE,))
    left = EventTrace(
        tenant="shop",
        session_id=HOSTILE,
        event_id=HOSTILE,
        backfilled={"em": HOSTILE},
        jobs=(JobTrace(platform="meta", pixel_id="1", state="parked"),),
    )
    ledger.answers[SessionOf] = Traces(events=(left,))
    ledger.answers[ClusterOf] = Cluster(workers=(WorkerSeen(url=HOSTILE),), missing=(HOSTILE,))
    return made


def sessions_of(desk: FakeDesk) -> FakeSessions:
    return cast(FakeSessions, desk.sessions)


@pytest.mark.parametrize("path", ["/sessions", ONE, "/cluster"])
async def test_what_others_wrote_is_shown_as_text(desk: FakeDesk, path: str) -> None:
    async with console(desk) as browser:
        await browser.login("admin")
        answer = await browser.get(path)
        text = await answer.text()
        assert answer.status == 200
        assert "<script>alert" not in text and "<img src=x" not in text and "&lt;script&gt;" in text


async def test_a_session_shows_where_everything_is_from_and_when_it_leaves(desk: FakeDesk) -> None:
    async with console(desk) as browser:
        await browser.login("viewer")
        text = await (await browser.get(ONE)).text()
    for part in ("973dfe46", "an earlier visit, by fbp", "leaves", "min", "asked, no answer yet", "meta parked"):
        assert part in text
    assert "/sessions/flush" not in text and "/sessions/erase" not in text, "a viewer only looks"


async def test_commands_need_role_reason_and_for_erasing_a_yes(desk: FakeDesk) -> None:
    form = {"key": "shop|s", "why": "asked"}
    async with console(desk) as browser:
        await browser.login("operator")
        text = await (await browser.get(ONE)).text()
        assert "/sessions/flush" in text and "/sessions/erase" not in text
        assert (await browser.post("/sessions/flush", form | {"why": " "})).status == 400
        done = await browser.post("/sessions/flush", form)
        assert (done.status, done.headers["Location"]) == (303, "/sessions/one?key=shop%7Cs&asked=flush")
        assert (await browser.post("/sessions/erase", form | {"sure": "1"})).status == 403
    async with console(desk) as browser:
        await browser.login("admin")
        await browser.get(ONE)
        assert (await browser.post("/sessions/erase", form)).status == 400
        assert (await browser.post("/sessions/erase", form | {"sure": "1"})).status == 303
    assert sessions_of(desk).given == [("flush", "shop", "s", "asked"), ("erase", "shop", "s", "asked")]


async def test_a_session_of_another_tenant_is_not_there(desk: FakeDesk) -> None:
    async with console(desk) as browser:
        await browser.login("shop-admin")
        await browser.get(ONE)
        assert (await browser.get("/sessions/one?key=other%7Cs")).status == 404
        assert (await browser.post("/sessions/flush", {"key": "other|s", "why": "x"})).status == 404
    assert sessions_of(desk).given == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sessions?sort=x", 400),
        ("/sessions?after=x", 400),
        ("/sessions?limit=x", 400),
        ("/sessions/one?key=s", 404),
    ],
)
async def test_what_cannot_be_asked_is_said(desk: FakeDesk, path: str, status: int) -> None:
    async with console(desk) as browser:
        await browser.login("viewer")
        assert (await browser.get(path)).status == status


async def test_half_a_page_is_better_than_none(desk: FakeDesk) -> None:
    sessions_of(desk).away = True
    async with console(desk) as browser:
        await browser.login("viewer")
        assert (await browser.get("/sessions")).status == 503
        cluster = await browser.get("/cluster")
        assert cluster.status == 200 and "no session worker answers" in await cluster.text()
        sessions_of(desk).away, cast(FakeLedger, desk.ledger).away = False, True
        one = await browser.get(ONE)
        assert one.status == 200 and "The ledger does not answer" in await one.text()


async def test_empty_pages_say_what_to_do(desk: FakeDesk) -> None:
    workers = sessions_of(desk)
    workers.found, workers.view = SessionList(), None
    cast(FakeLedger, desk.ledger).answers[SessionOf] = Traces()
    async with console(desk) as browser:
        await browser.login("viewer")
        assert "capi doctor" in await (await browser.get("/sessions")).text()
        gone = await browser.get(ONE)
        assert gone.status == 404 and "No worker holds this session" in await gone.text()
