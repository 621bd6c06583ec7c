"""/trace, /live and /destinations in the console's application: hostile words, roles, scopes, and the switch."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec import structs

from agents.access.users import Users
from agents.console import destinations, pages_destinations
from agents.console.app import make_app
from agents.console.desk import Desk
from sinks.lane_switch import Lane, Pause
from streams.events import Noted
from streams.ledger.answers import Cluster, Counts, Line, Point, Recent, Traces
from streams.ledger.queries import ClusterOf, CountsOf, Query, RecentOf, TraceOf
from streams.settings import load_settings
from tests.unit.console.desk import FakeSessions
from tests.unit.story.traces import attempt, job, purchase, reject

HOSTILE = "<script>alert(1)</script>'\"&"
USERS = """
[users.view]
role = "viewer"
[users.oper]
role = "operator"
[users.own]
role = "operator"
tenants = ["shop"]
"""
TENANTS = """
[tenants.shop]
[[tenants.shop.destinations]]
platform = "meta"
pixel_id = "11"
token = "env:NOBODY_SETS_THIS"
[[tenants.shop.destinations]]
platform = "tiktok"
pixel_id = "SHARED"
token = "env:NOBODY_SETS_THIS"
[tenants.other]
[[tenants.other.destinations]]
platform = "tiktok"
pixel_id = "SHARED"
token = "env:NOBODY_SETS_THIS"
"""
PARKED = job(state="parked", attempts=(attempt("invalid", why=HOSTILE, code=HOSTILE, parked=True),))
EVENT = purchase(PARKED, event_id=HOSTILE, session_id=HOSTILE, event_name=HOSTILE, backfilled={HOSTILE: HOSTILE})
LINE = Line(
    line_id="1",
    at_ms=1,
    kind="retry",
    tenant="shop",
    session_id=HOSTILE,
    event_id=HOSTILE,
    event_name=HOSTILE,
    platform="meta",
    pixel_id="11",
    what=f"misconfigured 190{HOSTILE}",
)


class FakeLedger:
    def __init__(self) -> None:
        self.queries: list[Query] = []
        self.minute_ms = time.time_ns() // 60_000_000_000 * 60_000
        self.traces = Traces(events=(EVENT,), rejects=(reject(reason=HOSTILE, fix=HOSTILE),))
        self.lines: tuple[Line, ...] = (LINE,)

    async def ask(self, query: Query) -> Any:
        self.queries.append(query)
        if isinstance(query, TraceOf):
            return self.traces
        if isinstance(query, ClusterOf):
            return Cluster(missing=(HOSTILE,))
        if isinstance(query, CountsOf):
            counts = {"misconfigured": 2, "probe_ms": 1}
            point = Point(at_ms=self.minute_ms, tenant="shop", platform="meta", pixel_id="11", counts=counts)
            return Counts(points=(point,))
        assert isinstance(query, RecentOf)
        return Recent(lines=self.lines)


class FakeSwitch:
    """What is in Redis, shared by all that look."""

    paused: dict[Lane, Pause]

    def __init__(self, _: object) -> None: ...

    async def pauses(self) -> dict[Lane, Pause]:
        return self.paused

    async def pause(self, lane: Lane, pause: Pause) -> bool:
        return self.paused.setdefault(lane, pause) is pause

    async def resume(self, lane: Lane) -> bool:
        return self.paused.pop(lane, None) is not None

    async def close(self) -> None: ...


class Site:
    def __init__(self, client: TestClient[Any, Any], ledger: FakeLedger, switch: type[FakeSwitch]) -> None:
        self.client, self.ledger, self.switch = client, ledger, switch
        self.notes: list[Noted] = []

    async def get(self, path: str, who: str = "view") -> str:
        answer = await self.client.get(path, headers={"X-User": who}, allow_redirects=False)
        assert answer.status == 200
        return await answer.text()

    async def post(self, path: str, who: str, **form: str) -> tuple[int, str]:
        """With the token of a form that the user's page has."""
        text = await self.get("/destinations", who)
        found = re.search(r'name="csrf" value="([^"]+)"', text)
        assert found
        data = {"csrf": found[1], **form}
        answer = await self.client.post(path, data=data, headers={"X-User": who}, allow_redirects=False)
        return answer.status, await answer.text()


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    (tmp_path / "users.toml").write_text(USERS)
    (tmp_path / "tenants.toml").write_text(TENANTS)
    settings = load_settings(
        console_users=tmp_path / "users.toml",
        tenants=tmp_path / "tenants.toml",
        internal_secret=f"file:{tmp_path}/secret",
        console_user_header="X-User",
        console_trusted_proxies="127.0.0.1/32",
        rabbitmq_management_url="http://127.0.0.1:1",
    )
    switch = type("Switch", (FakeSwitch,), {"paused": {}})
    for module in (destinations, pages_destinations):
        monkeypatch.setattr(module, "LaneSwitch", switch)
    ledger = FakeLedger()
    desk = Desk(settings, Users(settings.console_users), ledger, FakeSessions())
    async with TestClient(TestServer(make_app(desk))) as client:
        made = Site(client, ledger, switch)

        async def keep(_: Any, note: Noted) -> None:
            made.notes.append(note)

        monkeypatch.setattr("agents.console.desk.write_note", keep)
        yield made


@pytest.mark.parametrize(
    "path",
    ["/trace?event_id=%3Cscript%3Ealert(1)%3C/script%3E", "/live?text=%3Cscript%3Ealert(1)", "/destinations"],
)
async def test_hostile_words_are_text(site: Site, path: str) -> None:
    text = await site.get(path, "oper")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


async def test_a_trace_tells_the_story_and_leads_on(site: Site) -> None:
    text = await site.get("/trace?event_id=x")
    assert "Given up for Meta" in text
    assert 'href="/dead?event=' in text
    assert "verdict-bad" in text


async def test_an_unknown_id_says_where_to_look(site: Site) -> None:
    site.ledger.traces = Traces()
    text = await site.get("/trace?event_id=order-404")
    assert "Nobody knows" in text
    assert "one of them may know it" in text


async def test_without_an_id_nobody_is_asked(site: Site) -> None:
    assert "Where is this purchase?" in await site.get("/trace")
    assert site.ledger.queries == []


@pytest.mark.parametrize("path", ["/trace?event_id=x", "/live", "/live?tenant=other", "/destinations"])
async def test_every_question_is_bounded_by_the_user_s_tenants(site: Site, path: str) -> None:
    await site.get(path, "own")
    assert site.ledger.queries
    assert all(query.tenants in (("shop",), ()) for query in site.ledger.queries)


async def test_the_live_view_polls_unless_it_is_paused(site: Site) -> None:
    assert 'hx-trigger="every 2s"' in await site.get("/live?kind=parked")
    paused = await site.get("/live?kind=parked&paused=1")
    assert "hx-trigger" not in paused
    assert 'href="/live?kind=parked"' in paused


async def test_newest_lines_are_on_top(site: Site) -> None:
    site.ledger.lines = tuple(structs.replace(LINE, event_id=name) for name in ("first-id", "second-id"))
    text = await site.get("/live")
    assert text.index("second-id") < text.index("first-id")


async def test_an_empty_live_view_says_what_to_do(site: Site) -> None:
    site.ledger.lines = ()
    assert "Nothing came by that these filters let through" in await site.get("/live?text=x")


async def test_a_stopped_pixel_says_so_and_what_to_do(site: Site) -> None:
    site.ledger.lines = (structs.replace(LINE, what="misconfigured 190"),)
    text = await site.get("/destinations")
    assert "stopped: pixel refused" in text
    assert "access token has expired" in text
    assert "<dt>Next try</dt><dd>with the next job</dd>" in text


async def test_a_viewer_sees_no_buttons(site: Site) -> None:
    assert "/destinations/pause" not in await site.get("/destinations", "view")
    assert "/destinations/pause" in await site.get("/destinations", "oper")


async def test_pausing_and_resuming_is_noted_for_each_tenant_of_the_pixel(site: Site) -> None:
    lane = {"platform": "tiktok", "pixel": "SHARED"}
    status, _ = await site.post("/destinations/pause", "oper", **lane, why=HOSTILE)
    assert status == 303
    assert site.switch.paused["tiktok", "SHARED"].who == "oper"
    assert "<script>alert" not in await site.get("/destinations")
    await site.post("/destinations/resume", "oper", **lane)
    assert site.switch.paused == {}
    assert [(note.what, note.tenant) for note in site.notes] == [
        ("pause", "shop"),
        ("pause", "other"),
        ("resume", "shop"),
        ("resume", "other"),
    ]


async def test_a_pixel_of_tenants_that_one_does_not_see_is_not_switched(site: Site) -> None:
    status, _ = await site.post("/destinations/pause", "own", platform="tiktok", pixel="SHARED")
    assert (status, site.switch.paused, site.notes) == (403, {}, [])
    status, _ = await site.post("/destinations/pause", "own", platform="meta", pixel="nobody's")
    assert status == 404


@pytest.mark.parametrize("tenant", ["other", "nobody"])
async def test_a_test_event_of_a_tenant_that_one_does_not_see_is_not_sent(site: Site, tenant: str) -> None:
    form = {"platform": "tiktok", "pixel": "SHARED", "tenant": tenant}
    status, _ = await site.post("/destinations/test", "own", **form)
    assert (status, site.notes) == (404, [])


async def test_a_real_platform_gets_no_test_event_without_a_code(site: Site) -> None:
    status, text = await site.post("/destinations/test", "oper", platform="meta", pixel="11", tenant="shop")
    assert status == 200
    assert "without a test event code this would count as a real event" in text
    assert [(note.what, note.result) for note in site.notes] == [("test", "not sent")]
