"""A visit in Chromium against the real `capi collect` and Kafka: what the page sent is what the sessions get."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiokafka.structs import ConsumerRecord
from playwright.async_api import Browser, BrowserContext

from streams.effects import Flushed
from streams.events import Event, decode_event
from streams.settings import Settings
from tests.browser.collector import COUNT_ANSWERS, Collector
from tests.browser.test_shop import VISIT, buy
from tests.kafka import eventually, fresh_settings, read_until, topics_of
from tests.site import free_port
from tests.unit.visits import Visit
from tests.workers import environment, start, stop

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.asyncio(loop_scope="package")]

KEY, SHOP_KEY = "pk_demo_browser", "pk_shop_browser"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
ADA = hashlib.sha256(b"ada@example.com").hexdigest()


def tenants_of(demo: str, shop: str) -> str:
    """Two keys: the demo shop's, and one of a shop whose collector is on another host of its domain."""
    return f"""
[tenants.default]
default_consent = "denied"
[[tenants.default.keys]]
kind = "publishable"
id = "{KEY}"
origins = ["{demo}"]
[[tenants.default.keys]]
kind = "publishable"
id = "{SHOP_KEY}"
origins = ["{shop}"]
cookie_domain = "shop.example"
"""


def shop_of(collector: Collector) -> str:
    return collector.url.replace("localhost", "www.shop.example")


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def collecting(tmp_path_factory: pytest.TempPathFactory, _running: Collector) -> AsyncIterator[Settings]:
    """`capi collect` as a process."""
    folder, port = tmp_path_factory.mktemp("collect"), free_port()
    tenants = folder / "tenants.toml"
    tenants.write_text(tenants_of(f"http://localhost:{port}", shop_of(_running)))
    settings = fresh_settings(tenants=tenants, collect_port=port, collect_health_port=0, demo_shop_key=KEY)
    log = folder / "collect.log"
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


@pytest_asyncio.fixture(loop_scope="package")
async def visitor(chromium: Browser, collecting: Settings) -> AsyncIterator[BrowserContext]:
    base = f"http://localhost:{collecting.collect_port}"
    context = await chromium.new_context(base_url=base, user_agent=AGENT)
    yield context
    await context.close()


async def cookies_of(context: BrowserContext) -> dict[str, dict[str, Any]]:
    return {cookie["name"]: dict(cookie) for cookie in await context.cookies()}


async def records_of(settings: Settings, session: str, names: list[str]) -> list[ConsumerRecord]:
    """The session's records, once they are as many as `names`; they must be those."""
    key = f"default|{session}".encode()

    def mine(found: Sequence[ConsumerRecord]) -> list[ConsumerRecord]:
        return [record for record in found if record.key == key]

    topic = settings.topic("sessions.in")
    records = mine(await read_until(settings, topic, lambda found: len(mine(found)) >= len(names)))
    assert sorted(decode_event(record.value).event_name for record in records) == sorted(names)
    return records


async def test_a_visit_reaches_the_sessions(visitor: BrowserContext, collecting: Settings) -> None:
    page = await visitor.new_page()
    await buy(page)
    await page.locator("#sent li").nth(len(VISIT) - 1).wait_for()
    copies = await page.evaluate("panel.copies")
    cookies = await cookies_of(visitor)
    records = await records_of(collecting, cookies["_capi_s"]["value"], VISIT)
    events: list[Event] = [decode_event(record.value) for record in records]
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


LOAD = """([source, key]) => new Promise((onload, onerror) => {
  const script = Object.assign(document.createElement("script"), {src: source, onload, onerror});
  Object.assign(script.dataset, {key, consent: "granted"});
  document.head.append(script);
})"""


async def test_a_collector_on_another_host_of_the_shop(
    visitor: BrowserContext, collector: Collector, collecting: Settings
) -> None:
    """CORS with cookies: the shop on www., the collector on events."""
    page = await visitor.new_page()
    await page.add_init_script(COUNT_ANSWERS)
    await page.goto(f"{shop_of(collector)}/plain?with=none&fbclid=IwAR-Click")
    await page.evaluate(LOAD, [f"http://events.shop.example:{collecting.collect_port}/capi.js", SHOP_KEY])
    await page.wait_for_function("answersRead")
    async with page.expect_response(lambda answer: "Lead" in (answer.request.post_data or "")):
        issued = await page.evaluate("capi.track('Lead', {})")
    cookies = await cookies_of(visitor)
    assert {cookies[name]["domain"] for name in ("_capi_s", "_capi_id", "_fbc")} == {".shop.example"}
    await page.evaluate("capi.consent('denied')")
    await eventually(lambda: _no_cookies(visitor))
    records = await records_of(collecting, cookies["_capi_s"]["value"], ["PageView", "Lead", "Consent"])
    view, lead, withdrawal = [decode_event(record.value) for record in records]
    assert lead.event_id == issued
    assert issued[14] == "7"  # the collector's own, UUID 7
    assert view.user.fbc == cookies["_fbc"]["value"]
    assert withdrawal.consent == "denied"


async def _no_cookies(context: BrowserContext) -> bool:
    return not await context.cookies()
