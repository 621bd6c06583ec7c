"""The demo shop in Chromium, under its policy without unsafe-inline: the same ids on both sides."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, Page

from tests.browser.collector import Collector

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

VISIT = [*["PageView"] * 4, "ViewContent", "AddToCart", "InitiateCheckout", "Identify", "Purchase"]


async def buy(page: Page) -> None:
    """A visit with an order; consent comes first."""
    await page.goto("/demo")
    await page.get_by_role("button", name="Allow").click()
    await page.get_by_role("link", name="Harbour mug").click()
    await page.get_by_role("button", name="Add to basket").click()
    await page.get_by_label("E-mail").fill("ada@example.com")
    await page.get_by_role("button", name="Order and pay").click()
    await page.get_by_role("heading", name="Thank you").wait_for()


async def test_the_same_ids_on_both_sides(page: Page, collector: Collector) -> None:
    await buy(page)
    events = await collector.until(*VISIT)
    copies = await page.evaluate("panel.copies")
    server = {event["event_id"]: event for event in events}
    assert {copy["id"] for copy in copies} == {e["event_id"] for e in events if e["event_name"] != "Identify"}
    for copy in copies:
        assert server[copy["id"]]["event_name"] == copy["name"]
        assert copy["platform"] in server[copy["id"]]["browser_fired"]
    assert len(server) == len(events)
    assert {e["session_id"] for e in events} == {events[0]["session_id"]}


async def test_each_pixel_gets_its_own_shape(page: Page, collector: Collector) -> None:
    await buy(page)
    events = await collector.until(*VISIT)
    purchase = next(event for event in events if event["event_name"] == "Purchase")
    copies = {c["platform"]: c["data"] for c in await page.evaluate("panel.copies") if c["name"] == "Purchase"}
    item = {"id": "mug-01", "quantity": 1, "item_price": 24}
    assert copies["meta"]["contents"] == purchase["custom_data"]["contents"] == [item]
    assert copies["tiktok"]["contents"] == [item | {"content_id": "mug-01", "price": 24}]
    assert copies["tiktok"]["value"] == 24
    # no standard event of TikTok's
    views = [c["platform"] for c in await page.evaluate("panel.copies") if c["name"] == "PageView"]
    assert set(views) == {"meta"}


@pytest.mark.parametrize(("blocked", "fired"), [("fbevents", ["tiktok"]), ("events", ["meta"])])
async def test_a_blocked_pixel_is_reported(
    profile: BrowserContext, page: Page, collector: Collector, blocked: str, fired: list[str]
) -> None:
    await profile.route(f"**/demo/{blocked}.js", lambda route: route.abort())
    await page.goto("/demo/p/mug-01")
    await page.get_by_role("button", name="Allow").click()
    events = await collector.until("ViewContent")
    assert next(e for e in events if e["event_name"] == "ViewContent")["browser_fired"] == fired


async def test_what_is_blocked_altogether_still_reaches_the_server(
    profile: BrowserContext, page: Page, collector: Collector
) -> None:
    await profile.route("**/demo/pixels.js", lambda route: route.abort())
    await page.goto("/demo/p/mug-01")
    await page.get_by_role("button", name="Allow").click()
    for event in await collector.until("PageView", "ViewContent"):
        assert event["browser_fired"] == []
