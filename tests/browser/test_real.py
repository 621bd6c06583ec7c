"""A visit in Chromium against the real `capi collect` and Kafka: what the page sent is what the sessions get."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from streams.effects import Flushed
from streams.events import Event, decode_event
from streams.settings import Settings
from tests.browser.test_shop import VISIT, buy
from tests.kafka import eventually, fresh_settings, read_until, topics_of
from tests.site import free_port
from tests.unit.visits import Visit
from tests.workers import environment, start, stop

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.asyncio(loop_scope="package")]

KEY = "pk_demo_browser"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
ADA = hashlib.sha256(b"ada@example.com").hexdigest()


@pytest_asyncio.fixture(loop_scope="package")
async def collecting(tmp_path: Path) -> AsyncIterator[Settings]:
    """`capi collect` as a process, with the demo shop on its own origin."""
    port, tenants = free_port(), tmp_path / "tenants.toml"
    tenants.write_text(
        f'[tenants.default]\ndefault_consent = "denied"\n[[tenants.default.keys]]\nkind = "publishable"\n'
        f'id = "{KEY}"\norigins = ["http://localhost:{port}"]\n'
    )
    settings = fresh_settings(tenants=tenants, collect_port=port, collect_health_port=0, demo_shop_key=KEY)
    log = tmp_path / "collect.log"
    async with topics_of(settings):
        process = start(["agents.cli", "collect"], environment(settings), log)
        try:
            await eventually(lambda: _answers(port) or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield settings
        finally:
            assert stop(process) == 0, log.read_text()
    assert "example.com" not in log.read_text()


async def _answers(port: int) -> bool:
    with contextlib.suppress(httpx.TransportError):
        async with httpx.AsyncClient() as client:
            return (await client.get(f"http://127.0.0.1:{port}/capi.js")).is_success
    return False


async def test_a_visit_reaches_the_sessions(chromium: Browser, collecting: Settings) -> None:
    context = await chromium.new_context(
        base_url=f"http://localhost:{collecting.collect_port}",
        user_agent=AGENT,
        viewport={"width": 1200, "height": 800},
    )
    page = await context.new_page()
    await buy(page)
    await page.locator("#sent li").nth(len(VISIT) - 1).wait_for()
    copies = await page.evaluate("panel.copies")
    cookies = {cookie["name"]: cookie for cookie in await context.cookies()}
    await context.close()

    topic = collecting.topic("sessions.in")
    records = await read_until(collecting, topic, lambda found: len(found) >= len(VISIT))
    events: list[Event] = [decode_event(record.value) for record in records]
    assert sorted(event.event_name for event in events) == sorted(VISIT)
    assert {record.key for record in records} == {f"default|{cookies['_capi_s']['value']}".encode()}
    # the same ids on both sides, and who fired what
    assert {(c["id"], c["platform"]) for c in copies} == {(e.event_id, p) for e in events for p in e.browser_fired}
    # what the collector adds and keeps
    assert {(event.user.client_user_agent, event.user.client_ip) for event in events} == {(AGENT, "127.0.0.1")}
    assert {event.user.fbp for event in events} == {cookies["_fbp"]["value"]}
    assert cookies["_capi_id"]["httpOnly"]
    # and the identity fills what came before it
    assert b"ada@" not in b"".join(record.value for record in records)
    visit = Visit()
    for record in records:
        visit.record(1, decode_event(record.value), record.value)
    (flushed,) = [effect for effect in visit.left if isinstance(effect, Flushed)]
    assert {enriched.event.user.em for enriched in flushed.batch.events} == {(ADA,)}
