"""A visit in the console as a person sees it: found in the list, its backfill and countdown, then flushed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, expect

from agents.console.app import make_app
from agents.session_workers import SessionWorkers
from streams.events import Event, UserData, decode_batch, encode
from tests.kafka import fresh_settings, producer_of, read_until, topics_of
from tests.site import free_port
from tests.unit.console.desk import PASSWORD, fake_desk
from tests.workers import environment, faust_worker

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="package")]
EM = "973dfe46" + "3e" * 28


def event(event_id: str, user: UserData) -> Event:
    return Event(
        event_id=event_id, event_name="PageView", event_time_ms=1, tenant="shop", session_id="visit-1", user=user
    )


async def test_an_operator_finds_a_visit_sees_its_backfill_and_lets_it_go(
    tmp_path: Path, chromium: Browser
) -> None:
    made = fake_desk(tmp_path)
    port = free_port()
    settings = fresh_settings(
        tenants=made.settings.tenants,
        console_users=made.settings.console_users,
        internal_secret=made.settings.internal_secret,
        sessions_url=f"http://127.0.0.1:{port}",
        tick_s=1,
    )
    env = environment(settings, CAPI_WEB_PORT=str(port), CAPI_METRICS_PORT="0")
    async with topics_of(settings), SessionWorkers(settings) as workers, producer_of(settings) as producer:
        for one in (event("e-1", UserData()), event("e-2", UserData(em=(EM,)))):
            await producer.send_and_wait(settings.topic("sessions.in"), encode(one), one.key)
        desk = replace(made, settings=settings, sessions=workers)
        with faust_worker("agents.sessions", env, tmp_path / "sessions.log"):
            async with TestServer(make_app(desk)) as server:
                context = await chromium.new_context(base_url=str(server.make_url("/")))
                page = await context.new_page()
                await page.goto("/login")
                await page.fill("[name=name]", "operator")
                await page.fill("[name=password]", PASSWORD)
                await page.click(".entrance button")
                link = page.get_by_role("link", name="visit-1")
                while not await link.count():
                    await page.goto("/sessions?status=open")
                    await page.wait_for_timeout(300)
                await link.click()
                held = page.get_by_role("region", name="Held events")
                await expect(
                    held.get_by_role("row").filter(has_text="e-1").get_by_text("em", exact=True)
                ).to_be_visible()
                await expect(page.get_by_text("973dfe46")).to_be_visible()
                countdown = page.locator(".countdown")
                first = await countdown.inner_text()
                await expect(countdown).not_to_have_text(first)  # it is drawn anew, without a reload
                await page.get_by_label("Reason").fill("the shop asked")
                await page.get_by_role("button", name="Flush").click()
                await expect(page.get_by_role("status")).to_contain_text("Asked to flush")
                await expect(page.locator("#state .badge")).to_have_text(re.compile("closed"))
                await context.close()
        [record] = await read_until(settings, settings.topic("batches"), lambda found: len(found) >= 1)
        assert (decode_batch(record.value).reason, EM in str(record.value)) == ("operator", True)
