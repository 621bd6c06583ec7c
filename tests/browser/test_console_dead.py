"""An operator in Chromium replays parked jobs: the real RabbitMQ has them in their queue again, the real Kafka the
audit. The ledger is made by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from agents.access.users import Users
from agents.console.app import make_app
from agents.console.desk import Desk
from streams.events import Noted, decode_ledger_input
from streams.settings import Settings
from tests.integration.parked_jobs import EXPIRED, park, parked_message
from tests.integration.test_deliver import job
from tests.kafka import read_until, topics_of
from tests.rabbit import TIKTOK, rabbit_settings, ready
from tests.unit.console.desk import FakeLedger, FakeSessions

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.asyncio(loop_scope="package")]

USERS = '[users.oper]\nrole = "operator"\n'


@pytest_asyncio.fixture(loop_scope="package")
async def settings(tmp_path: Path) -> AsyncIterator[Settings]:
    (tmp_path / "users.toml").write_text(USERS)
    own = {
        "console_users": tmp_path / "users.toml",
        "internal_secret": f"file:{tmp_path}/secret",
        "console_user_header": "X-User",
        "console_trusted_proxies": "127.0.0.1/32",
        "partitions": 1,
    }
    with rabbit_settings(tmp_path, **own) as made:
        async with topics_of(made):
            yield made


@pytest_asyncio.fixture(loop_scope="package")
async def console(settings: Settings, chromium: Browser) -> AsyncIterator[Page]:
    desk = Desk(settings, Users(settings.console_users), FakeLedger(), FakeSessions())
    server = TestServer(make_app(desk))
    await server.start_server()
    page = await chromium.new_page(base_url=str(server.make_url("/")), extra_http_headers={"X-User": "oper"})
    yield page
    await page.close()
    await server.close()


async def test_a_replay_is_watched_and_is_in_the_audit(settings: Settings, console: Page) -> None:
    await park(settings, [parked_message(job(n)) for n in range(4)])
    await park(settings, [parked_message(job(n, platform="tiktok", pixel=TIKTOK), EXPIRED) for n in range(3)])
    await console.goto("/dead")
    await expect(console.get_by_role("row")).to_have_count(3)  # with the head
    await console.get_by_role("link", name="expired").click()
    await console.get_by_role("link", name="Replay these…").click()
    await expect(console.locator("#confirm")).to_contain_text("Would send 3 jobs")
    await console.get_by_label("Jobs a second").fill("2")
    await console.get_by_role("button", name="Replay", exact=True).click()
    await expect(console.locator("#work")).to_contain_text("under way")
    await expect(console.locator("#work")).to_contain_text("3 replayed", timeout=30_000)  # by htmx
    await expect(console.locator("#work .badge")).to_have_text("done")
    assert await ready(settings, "tiktok_queue") == 3
    records = await read_until(settings, settings.topic("ledger.in"), lambda found: len(found) >= 2)
    notes = [note for record in records if isinstance(note := decode_ledger_input(record.value), Noted)]
    assert [(note.who, note.what, note.result) for note in notes] == [
        ("oper", "replay", "begun"),
        ("oper", "replay", "3 replayed"),
    ]
