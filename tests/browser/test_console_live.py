"""A person in Chromium watches lines, traces a purchase, sees a pixel stop and go on, and turns its switch: Redis
has the pause, Kafka the audit. The ledger is made by hand."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from msgspec import structs
from playwright.async_api import Browser, Page, expect

from agents.access.users import Users
from agents.console.app import make_app
from agents.console.desk import Desk
from streams.events import Noted, decode_ledger_input
from streams.ledger.answers import Line
from streams.settings import Settings
from tests.kafka import fresh_settings, read_until, topics_of
from tests.unit.console.desk import FakeSessions
from tests.unit.test_console_trace import LINE, TENANTS, FakeLedger

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.asyncio(loop_scope="package")]

USERS = '[users.oper]\nrole = "operator"\n'


def line(event_id: str, what: str, kind: str, at_ms: int) -> Line:
    return structs.replace(
        LINE, line_id=event_id, event_id=event_id, session_id="visit", what=what, kind=kind, at_ms=at_ms
    )


@pytest_asyncio.fixture(loop_scope="package")
async def settings(tmp_path: Path) -> AsyncIterator[Settings]:
    (tmp_path / "users.toml").write_text(USERS)
    (tmp_path / "tenants.toml").write_text(TENANTS)
    made = fresh_settings(
        console_users=tmp_path / "users.toml",
        tenants=tmp_path / "tenants.toml",
        internal_secret=f"file:{tmp_path}/secret",
        console_user_header="X-User",
        console_trusted_proxies="127.0.0.1/32",
        partitions=1,
    )
    async with topics_of(made):
        yield made


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


@pytest_asyncio.fixture(loop_scope="package")
async def console(settings: Settings, ledger: FakeLedger, chromium: Browser) -> AsyncIterator[Page]:
    server = TestServer(make_app(Desk(settings, Users(settings.console_users), ledger, FakeSessions())))
    await server.start_server()
    page = await chromium.new_page(base_url=str(server.make_url("/")), extra_http_headers={"X-User": "oper"})
    yield page
    await page.close()
    await server.close()


async def test_lines_come_by_until_the_view_is_paused_and_lead_to_the_trace(
    console: Page, ledger: FakeLedger
) -> None:
    ledger.lines = (line("order-1", "delivered", "delivered", 1),)
    await console.goto("/live?kind=delivered")
    await expect(console.get_by_role("link", name="order-1")).to_be_visible()
    ledger.lines = (*ledger.lines, line("order-2", "delivered", "delivered", 2))
    await expect(console.get_by_role("row").nth(1)).to_contain_text("order-2")  # by htmx, the newest on top
    await console.get_by_role("link", name="Pause").click()
    await expect(console).to_have_url(re.compile(r"/live\?kind=delivered&paused=1$"))
    assert await console.locator("#lines[hx-trigger]").count() == 0
    await console.get_by_role("link", name="order-2").click()
    await expect(console.get_by_role("heading", name="Given up for Meta")).to_be_visible()


async def test_a_pixel_stops_and_goes_on_without_a_reload(console: Page, ledger: FakeLedger) -> None:
    ledger.lines = (line("a", "misconfigured 190", "retry", ledger.minute_ms + 1),)
    await console.goto("/destinations")
    state = console.locator("#lane-1-state")
    await expect(state).to_contain_text("stopped: pixel refused")
    await expect(state).to_contain_text("access token has expired")
    ledger.lines = (*ledger.lines, line("b", "delivered", "delivered", ledger.minute_ms + 2))
    await expect(state).to_contain_text("takes events", timeout=20_000)


async def test_the_switch_is_in_redis_and_in_the_audit(console: Page, settings: Settings) -> None:
    await console.goto("/destinations")
    card = console.get_by_role("region", name="meta 11")
    await card.get_by_label("Reason").fill("wrong prices")
    await card.get_by_role("button", name="Pause").click()
    await expect(card).to_contain_text("By oper")
    await expect(card).to_contain_text("wrong prices")
    await card.get_by_role("button", name="Resume").click()
    await expect(card.get_by_role("button", name="Pause")).to_be_visible()
    records = await read_until(settings, settings.topic("ledger.in"), lambda found: len(found) >= 2)
    notes = [decode_ledger_input(record.value or b"") for record in records]
    assert [(note.what, note.why) for note in notes if isinstance(note, Noted)] == [
        ("pause", "wrong prices"),
        ("resume", ""),
    ]
