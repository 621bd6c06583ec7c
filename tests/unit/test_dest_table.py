"""`capi dest ls`: what is said of how a destination is doing, and that it goes without a ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.commands import dest
from agents.dest_table import lane_row, print_table
from agents.lane_report import DAY_MS, HOUR_MS, LaneReport, Lanes
from sinks.lane_switch import Pause
from streams.ledger.answers import Counts, Point, Recent
from streams.ledger.lanes import LaneSeen
from streams.ledger.queries import CountsOf, Query

NOW_MS = 1_764_072_000_000 + 20 * 60_000  # 20 minutes past an hour
KEY = ("shop", "meta", "11")
STOPPED = LaneSeen(
    state="stopped", trouble="misconfigured 190", probe_ms=NOW_MS + 240_000, post_p50_ms=350.0, post_p95_ms=2500.0
)
LANES = Lanes(seen={KEY: STOPPED}, last_ms={KEY: 7}, waiting={KEY: 12}, oldest_ms={KEY: NOW_MS - 3 * HOUR_MS})
ROW: dict[str, Any] = {
    "tenant": "shop",
    "platform": "meta",
    "pixel": "11",
    "state": "active",
    "pause": None,
    "token": "ok",
    "test_event_code": "",
    "test_until": None,
}


def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, **row: Any) -> str:
    monkeypatch.setenv("COLUMNS", "300")
    print_table([ROW | row], NOW_MS)
    return capsys.readouterr().out


def test_a_stopped_lane_says_why_and_when_it_is_tried(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(capsys, monkeypatch, lane=lane_row(LANES, KEY))
    assert "stopped: misconfigured 190; next try in 4 min" in text
    assert "12, oldest 3 h" in text
    assert "≤ 350 ms / ≤ 2.5 s" in text
    due = msgspec.structs.replace(STOPPED, probe_ms=NOW_MS - 1, post_p95_ms=float("inf"))
    text = printed(
        capsys, monkeypatch, lane=lane_row(msgspec.structs.replace(LANES, seen={KEY: due}, oldest_ms={}), KEY)
    )
    assert "next try with the next job" in text and "over 30 s" in text and "oldest" not in text


def test_a_pause_comes_first_and_a_quiet_lane_or_none_is_the_switch_alone(
    capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause = Pause(who="ada", since_ms=NOW_MS, why="prices\x1b[31m")
    text = printed(capsys, monkeypatch, state="paused", pause=pause, lane=lane_row(LANES, KEY))
    assert "by ada: prices" in text and "stopped" not in text and "\x1b" not in text
    for lane in (None, lane_row(LANES, ("shop", "meta", "other"))):
        assert "│ active │" in printed(capsys, monkeypatch, lane=lane)


def test_without_a_ledger_the_rest_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = '[[tenants.shop.destinations]]\nplatform = "meta"\npixel_id = "11"\ntoken = "env:SET"\n'
    (tmp_path / "tenants.toml").write_text(tenants)
    for name, value in {
        "SET": "x",
        "CAPI_TENANTS": f"{tmp_path}/tenants.toml",
        "CAPI_CONSOLE_URL": "http://127.0.0.1:1",
        "CAPI_INTERNAL_SECRET": f"file:{tmp_path}/secret",
        "CAPI_NAMESPACE": "test-dest-table",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        dest.app(["ls", "--json"])
    out, err = capfd.readouterr()
    told = msgspec.json.decode(out)
    assert ended.value.code == 0
    assert (told["destinations"][0]["state"], told["destinations"][0]["lane"]) == ("active", None)
    assert "CAPI_CONSOLE_URL" in told["ledger"] and "CAPI_CONSOLE_URL" in err


class Ledger:
    """Answers each question about counts with one job that waits since the beginning of what is asked for."""

    def __init__(self) -> None:
        self.asked: list[CountsOf] = []

    async def __call__(self, query: Query) -> Any:
        if not isinstance(query, CountsOf):
            return Recent()
        self.asked.append(query)
        at_ms = query.since_ms - query.since_ms % query.step_ms
        point = Point(
            at_ms=at_ms, tenant="shop", platform="meta", pixel_id="11", counts={"queued": 1, "delivered": 1}
        )
        return Counts((point,))


async def test_the_spans_that_are_asked_for_join_without_a_gap_and_old_ones_are_remembered() -> None:
    ledger, report = Ledger(), LaneReport(7 * DAY_MS / 1000)
    lanes = await report.look(ledger, ("shop",), NOW_MS)
    spans = sorted((query.since_ms, query.until_ms) for query in ledger.asked)
    assert [until for _, until in spans] == [spans[1][0], spans[2][0], 0]
    assert spans[2][0] % HOUR_MS == 0 and spans[2][0] <= NOW_MS - HOUR_MS
    assert lanes.waiting == {KEY: 3}
    assert spans[0][0] <= NOW_MS - 7 * DAY_MS
    assert lanes.oldest_ms == {KEY: spans[0][0]}
    assert lanes.seen == {}  # nothing in the last hour
    await report.look(ledger, ("shop",), NOW_MS + 5_000)
    assert len(ledger.asked) == 3 + 2
    await report.look(ledger, None, NOW_MS + 5_000)  # whoever sees more is told more
    await report.look(ledger, ("shop",), NOW_MS + HOUR_MS)  # another boundary
    assert len(ledger.asked) == 3 + 2 + 3 + 3


async def test_a_ledger_that_remembers_less_than_a_day_is_not_asked_for_more() -> None:
    ledger = Ledger()
    await LaneReport(3600).look(ledger, None, NOW_MS)
    assert len(ledger.asked) == 2
