"""`capi dest` as a process: against the stand-in platforms and a real Redis."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agents.platforms import Platforms
from agents.platforms.behaviour import Order
from sinks.lane_switch import LaneSwitch
from streams.events import Noted, decode_ledger_input
from streams.settings import Settings
from tests.integration.test_deliver import taken
from tests.kafka import read_all, topics_of
from tests.prepared import run_capi
from tests.rabbit import META, TIKTOK
from tests.workers import environment

pytestmark = pytest.mark.stack

TOKEN = "secret-of-the-test"


async def dest(settings: Settings, folder: Path, *arguments: str, code: int = 0) -> str:
    """What it printed. The test's own loop goes on meanwhile: the stand-in runs in it."""
    log = folder / "dest.log"
    log.unlink(missing_ok=True)
    environ = environment(settings, TEST_TOKEN=TOKEN)
    ended = await asyncio.to_thread(run_capi, ["dest", *arguments], environ, log)
    assert ended == code, log.read_text()
    assert TOKEN not in log.read_text()
    return log.read_text()


async def listed(settings: Settings, folder: Path, code: int = 0) -> dict[str, Any]:
    lines = (await dest(settings, folder, "ls", "--json", code=code)).splitlines()
    (told,) = (json.loads(line) for line in lines if line.startswith("{"))  # beside it: no ledger runs here
    return {row["pixel"]: row for row in told["destinations"]}


async def test_pause_shows_and_resume_ends_it(settings: Settings, tmp_path: Path) -> None:
    async with topics_of(settings):
        assert "is paused" in await dest(settings, tmp_path, "pause", "meta", META, "--why", "wrong prices")
        assert "already" in await dest(settings, tmp_path, "pause", "meta", META)
        switch = LaneSwitch(settings)
        assert await switch.paused() == {("meta", META)}
        await switch.close()
        rows = await listed(settings, tmp_path)
        assert (rows[META]["state"], rows[META]["pause"]["why"]) == ("paused", "wrong prices")
        assert (rows[TIKTOK]["state"], rows[TIKTOK]["token"]) == ("active", "ok")
        assert "goes on" in await dest(settings, tmp_path, "resume", "meta", META)
        assert "was not paused" in await dest(settings, tmp_path, "resume", "meta", META)
        assert (await listed(settings, tmp_path))[META]["state"] == "active"
        notes = [
            decode_ledger_input(record.value) for record in await read_all(settings, settings.topic("ledger.in"))
        ]
    noted = sorted((note for note in notes if isinstance(note, Noted)), key=lambda note: note.at_ms)  # partitions
    told = [(note.what, note.target, note.why) for note in noted]
    assert told == [("pause", f"meta {META}", "wrong prices"), ("resume", f"meta {META}", "")]


async def test_an_unknown_pixel_cannot_be_paused(settings: Settings, tmp_path: Path) -> None:
    assert "capi dest ls" in await dest(settings, tmp_path, "pause", "meta", "999", code=2)


async def test_without_redis_nothing_is_claimed(settings: Settings, tmp_path: Path) -> None:
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"})
    away.model_fields_set.add("redis_url")
    assert "CAPI_REDIS_URL" in await dest(away, tmp_path, "pause", "meta", META, code=1)
    printed = await dest(away, tmp_path, "ls", code=1)
    assert "unknown" in printed
    assert "active" not in printed


@pytest.mark.parametrize(("platform", "pixel"), [("meta", META), ("tiktok", TIKTOK)])
async def test_a_test_event_arrives_and_its_answer_is_classified(
    settings: Settings, platforms: Platforms, tmp_path: Path, platform: str, pixel: str
) -> None:
    dry = json.loads(await dest(settings, tmp_path, "test", platform, pixel, "--json", "--dry-run"))
    assert dry["answer"] == {}
    assert not taken(platforms)
    sent = json.loads(await dest(settings, tmp_path, "test", platform, pixel, "--json"))
    assert (sent["answer"]["outcome"], sent["answer"]["http_status"]) == ("delivered", 200)
    assert [key for key in taken(platforms) if key.startswith(f"{platform}:capi-dest-test-")]
    assert sent["request"]["url"].startswith(platforms.url)


async def test_a_refused_token_is_said_and_exit_code_one(
    settings: Settings, platforms: Platforms, tmp_path: Path
) -> None:
    platforms.orders.give(Order(mode="refuse_token"))
    sent = json.loads(await dest(settings, tmp_path, "test", "meta", META, "--json", code=1))
    assert (sent["answer"]["outcome"], sent["answer"]["code"]) == ("misconfigured", "190")
