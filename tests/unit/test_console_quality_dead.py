"""/quality and /dead in the console's application: hostile words, roles, scopes, and what actions refuse."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec import structs

from agents.access.users import Users
from agents.console import pages_dead, pages_quality
from agents.console.app import make_app
from agents.console.dead_letters import BusyError, Look, Work
from agents.console.desk import Desk
from agents.quality_report import HOUR_MS, Hour, Own, Report
from sinks.dataset_quality import EventQuality
from sinks.parked.messages import ParkedFilter
from sinks.parked.view import Group
from streams.events import Noted
from streams.ledger.answers import Counts, Point, Quality, QualityRow, ReasonCount, Rejects
from streams.ledger.queries import CountsOf, QualityOf, Query
from streams.settings import load_settings
from tests.unit.console.desk import FakeSessions

HOSTILE = "<script>alert(1)</script>'\"&"
USERS = """
[users.view]
role = "viewer"
[users.mark]
role = "marketer"
[users.oper]
role = "operator"
[users.own]
role = "operator"
tenants = ["shop"]
"""
TENANTS = """
[tenants.shop]
[tenants.other]
"""
GROUP = Group(status="invalid 100/2804050", why=HOSTILE, count=3, oldest_ms=1, newest_ms=2)
ROW = QualityRow(
    tenant="shop",
    platform="meta",
    event_name=HOSTILE,
    events=100,
    own={"em": 50},
    backfilled={"em": 30},
    score_sum=600,
    scored=100,
    delivered=70,
    merged=40,
    discarded=10,
    ages={"age_1": 40, "age_14400": 30},
)


class FakeLedger:
    def __init__(self) -> None:
        self.queries: list[Query] = []
        self.rows: tuple[QualityRow, ...] = (ROW,)

    async def ask(self, query: Query) -> Any:
        self.queries.append(query)
        if isinstance(query, QualityOf):
            return Quality(rows=self.rows)
        if isinstance(query, CountsOf):
            return Counts(points=(Point(at_ms=0, tenant="shop", counts={"events": 10, "enriched": 4}),))
        reason = ReasonCount(reason=HOSTILE, field="x", tenant="shop", platform="meta", count=3, last_ms=1)
        return Rejects(reasons=(reason,) if self.rows else ())


class FakeLetters:
    """As if three jobs were parked. What is begun ends at once."""

    def __init__(self) -> None:
        self.busy = False
        self.work: Work | None = None
        self.looked: list[ParkedFilter] = []
        self.begun: list[tuple[str, ParkedFilter, dict[str, Any]]] = []
        self.groups: tuple[Group, ...] = (GROUP,)
        self.tasks: list[Any] = []

    async def look(self, wanted: ParkedFilter, single: int = 0) -> Look:
        self.looked.append(wanted)
        event = {"event_id": HOSTILE}
        job = {"platform": "meta", "pixel_id": "1", "event_name": HOSTILE, "event": event}
        jobs = ({"status": HOSTILE, "job": job}, {"status": "odd", "job": None, "bytes": 3})
        return Look(at_ms=1, groups=self.groups, jobs=jobs[:single], there=3, seen=3)

    def begin(self, kind: str, wanted: ParkedFilter, work: Work, ended: Any, **options: Any) -> None:
        if self.busy:
            raise BusyError
        work.done, work.ended_ms, self.work = 3, 1, work
        self.begun.append((kind, wanted, options))
        self.tasks.append(ended(work))


class Site:
    def __init__(self, client: TestClient[Any, Any], ledger: FakeLedger, letters: FakeLetters) -> None:
        self.client, self.ledger, self.letters = client, ledger, letters
        self.notes: list[Noted] = []

    async def get(self, path: str, who: str) -> tuple[int, str]:
        answer = await self.client.get(path, headers={"X-User": who}, allow_redirects=False)
        return answer.status, await answer.text()

    async def post(self, path: str, who: str, **form: str) -> tuple[int, str]:
        """With the token of the form that the page shows."""
        _, text = await self.get("/dead?do=replay", "oper" if who == "view" else who)
        token = re.search(r'name="csrf" value="([^"]+)"', text)
        assert token
        answer = await self.client.post(
            path, data={"csrf": token[1], **form}, headers={"X-User": who}, allow_redirects=False
        )
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
    )
    ledger, letters = FakeLedger(), FakeLetters()
    monkeypatch.setattr(pages_dead, "dead_letters", lambda _: letters)
    desk = Desk(settings, Users(settings.console_users), ledger, FakeSessions())
    async with TestClient(TestServer(make_app(desk))) as client:
        made = Site(client, ledger, letters)

        async def keep(_: Any, note: Noted) -> None:
            made.notes.append(note)

        monkeypatch.setattr("agents.console.desk.write_note", keep)
        yield made
    for task in letters.tasks:
        task.close()


@pytest.mark.parametrize("path", ["/quality", "/dead?jobs=1", "/dead?do=drop&reason=%3Cscript%3E&jobs=1"])
async def test_hostile_words_stay_words(site: Site, path: str) -> None:
    site.letters.groups = (Group(status=HOSTILE, why=HOSTILE, count=3, pixels=Counter({HOSTILE: 3})),)
    site.letters.work = Work(kind="replay", who="oper", target=HOSTILE, started_ms=1, why=HOSTILE)
    status, text = await site.get(path, "oper")
    assert status == 200
    assert "alert(1)" in text
    assert "<script>alert" not in text
    assert not re.search(r"<[^>]*\salert", text)


async def test_the_quality_page_says_what_the_ledger_counted(site: Site) -> None:
    status, text = await site.get("/quality?period=7d&tenant=shop", "mark")
    assert status == 200
    assert all(query.tenants == ("shop",) for query in site.ledger.queries)
    for words in ("4 of 10 events", "80%", "30% filled", "adaptive", "/quality.csv?period=7d&amp;tenant=shop"):
        assert words in text, words


def test_the_chart_has_every_hour_that_the_ledger_keeps() -> None:
    hours = (Hour(2 * HOUR_MS, 4, 1),)
    found = Report(since_ms=HOUR_MS // 2, until_ms=4 * HOUR_MS - 1, hours=hours)
    chart = pages_quality.series(found, 3 * HOUR_MS)
    assert chart["x"] == [0, 3600, 7200, 10_800]
    assert [one["values"] for one in chart["series"]] == [[0, 0, 4, 0], [0, 0, 1, 0]]
    assert pages_quality.series(found, HOUR_MS)["x"] == [7200, 10_800]


async def test_a_scope_holds_whatever_is_asked_for(site: Site) -> None:
    await site.get("/quality?tenant=other", "own")
    await site.get("/quality.csv", "own")
    assert {query.tenants for query in site.ledger.queries} == {(), ("shop",)}
    await site.get("/dead?tenant=other", "own")
    assert [looked.tenants for looked in site.letters.looked] == [("shop",)]
    status, _ = await site.post("/dead/drop", "own", tenant="other", why="test")
    assert status == 303
    assert site.letters.begun[0][1].tenants == ("shop",)


async def test_each_pixel_has_a_row_of_its_own_and_meta_s_own_score(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [structs.replace(ROW, event_name="Purchase", pixel_id=pixel) for pixel in ("11", "22")]
    site.ledger.rows = (*both, structs.replace(ROW, event_name="Purchase", platform="tiktok", pixel_id="C"))

    class Meta:
        async def of(self, *_: object) -> tuple[Own, ...]:
            scored = [(pixel, EventQuality("Purchase", score)) for pixel, score in (("11", 3.25), ("22", 7.75))]
            return tuple(Own(tenant="shop", pixel_id=pixel, events=(event,)) for pixel, event in scored)

    monkeypatch.setattr(pages_quality, "own_qualities", lambda _: Meta())
    _, text = await site.get("/quality", "mark")
    rows = {
        pixel: re.search(rf'<td>meta {pixel}</td>.*?<td class="number">(\d\.\d\d)</td>', text, re.DOTALL)
        for pixel in ("11", "22")
    }
    assert {pixel: found and found[1] for pixel, found in rows.items()} == {"11": "3.25", "22": "7.75"}
    for name in ("shop, meta 11", "shop, meta 22", "shop, tiktok"):
        assert f"Match keys: {name}</h2>" in text
    assert "is in the row of each" in text
    csv = (await site.get("/quality.csv", "mark"))[1].splitlines()
    assert sorted(line.split(",")[:4] for line in csv[1:]) == [
        ["shop", "meta", "11", "Purchase"],
        ["shop", "meta", "22", "Purchase"],
        ["shop", "tiktok", "C", "Purchase"],
    ]
    site.ledger.rows = (both[0],)
    assert '<th scope="col" rowspan="2">Pixel</th>' not in (await site.get("/quality", "mark"))[1]


async def test_the_table_is_for_marketers_and_holds_no_formula(site: Site) -> None:
    assert (await site.get("/quality.csv", "view"))[0] == 403
    assert "/quality.csv" not in (await site.get("/quality", "view"))[1]
    site.ledger.rows = (QualityRow(tenant="shop", platform="meta", event_name="=cmd|x", events=1),)
    answer = await site.client.get("/quality.csv", headers={"X-User": "mark"})
    assert answer.content_type == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert ",'=cmd|x," in await answer.text()


@pytest.mark.parametrize("period", ["1w", "0h", "x"])
async def test_a_period_that_is_none_is_told(site: Site, period: str) -> None:
    status, text = await site.get(f"/quality?period={period}", "view")
    assert status == 400
    assert "90m, 24h or 7d" in text


async def test_empty_pages_say_what_to_do(site: Site) -> None:
    site.ledger.rows, site.letters.groups = (), ()
    assert "Choose a longer period" in (await site.get("/quality", "view"))[1]
    assert "Nothing is parked" in (await site.get("/dead", "view"))[1]
    assert "No parked job matches" in (await site.get("/dead?platform=meta", "view"))[1]


async def test_who_only_looks_finds_no_action_and_may_do_none(site: Site) -> None:
    _, text = await site.get("/dead?do=replay", "view")
    assert "/dead/replay" not in text
    assert (await site.post("/dead/replay", "view", per_second="50"))[0] == 403
    assert not site.letters.begun


async def test_a_replay_is_in_the_audit_before_and_after(site: Site) -> None:
    status, _ = await site.post("/dead/replay", "oper", reason="190", per_second="50", limit="10")
    assert status == 303
    kind, wanted, options = site.letters.begun[0]
    assert (kind, wanted.reason, options) == ("replay", "190", {"limit": 10, "per_second": 50.0})
    await site.letters.tasks[0]
    told = [(note.who, note.what, note.target, note.result) for note in site.notes]
    assert told == [
        ("oper", "replay", "parked: reason=190", "begun"),
        ("oper", "replay", "parked: reason=190", "3 replayed"),
    ]
    assert "3 replayed" in (await site.get("/dead", "oper"))[1]


@pytest.mark.parametrize(
    ("path", "form", "why"),
    [
        ("/dead/replay", {"per_second": "50"}, "every parked job"),
        ("/dead/replay", {"reason": "190"}, "how many jobs a second"),
        ("/dead/replay", {"reason": "190", "per_second": "nan"}, "is a number"),
        ("/dead/replay", {"reason": "190", "per_second": "-1"}, "is a number"),
        ("/dead/replay", {"reason": "190", "per_second": "5", "since": "soon"}, "for a time"),
        ("/dead/drop", {"reason": "190", "why": " "}, "Say why"),
    ],
)
async def test_what_an_action_refuses_it_has_not_begun(
    site: Site, path: str, form: dict[str, str], why: str
) -> None:
    status, text = await site.post(path, "oper", **form)
    assert status == 400
    assert why in text
    assert (site.letters.begun, site.notes) == ([], [])


async def test_one_at_a_time(site: Site) -> None:
    site.letters.busy = True
    status, text = await site.post("/dead/drop", "oper", reason="190", why="test data")
    assert status == 409
    assert "under way" in text
    assert site.notes == []
