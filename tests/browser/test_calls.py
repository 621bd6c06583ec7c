"""How a page talks to the snippet: the stub before it, attributes or init, one global, its own page views."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import BrowserContext, Page, Route

from tests.browser.collector import KEY, Collector

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

GRANTED = "/plain?with=data-consent=granted"
PIXEL = "self.fired = []; self.fbq = (...call) => fired.push(call); fbq.callMethod = 1"


async def test_calls_before_the_script_are_made_in_their_order(
    profile: BrowserContext, page: Page, collector: Collector
) -> None:
    called = asyncio.Event()

    async def hold(route: Route) -> None:
        await called.wait()
        await route.continue_()

    await profile.route("**/capi.js", hold)
    await page.goto("/demo/p/mug-01", wait_until="commit")
    await page.get_by_role("heading", name="Harbour mug").wait_for()
    await page.evaluate("capi('track', 'Lead', {}); capi.identify({em: 'x'}); capi('consent', 'granted')")
    called.set()
    events = await collector.until("PageView", "ViewContent", "Lead", "Identify")
    assert [event["event_name"] for event in events] == ["PageView", "ViewContent", "Lead", "Identify"]


async def test_one_global_and_a_second_script_changes_nothing(page: Page, collector: Collector) -> None:
    await page.goto("/plain?with=none")
    before = set(await page.evaluate("Object.getOwnPropertyNames(self)"))
    await page.goto(GRANTED)
    assert set(await page.evaluate("Object.getOwnPropertyNames(self)")) - before == {"capi"}
    await page.add_script_tag(url="/capi.js")
    await page.evaluate("capi.track('Lead', {})")
    assert [event["event_name"] for event in await collector.until("Lead")] == ["PageView", "Lead"]


async def test_a_tag_manager_configures_by_init(page: Page, collector: Collector) -> None:
    await page.goto("/plain?with=none")
    await page.add_script_tag(url="/capi.js")
    await page.evaluate("capi('track', 'Lead', {})")
    await page.evaluate(f"capi('init', {{key: '{KEY}', page: 'off', consent: 'limited'}})")
    await page.evaluate("capi('init', {key: 'pk_another'})")
    (event,) = await collector.until("Lead")
    assert event["consent"] == "limited"


async def test_names_of_an_old_pixel(page: Page, collector: Collector) -> None:
    await page.add_init_script(
        f"{PIXEL}; self.ttq = {{ready: (call) => call(), track: (...call) => fired.push(call)}}"
    )
    await page.goto(f"{GRANTED} data-tiktok-purchase=CompletePayment data-meta-lead=''".replace(" ", "%20"))
    await page.evaluate("capi.track('Purchase', {value: 1, currency: 'EUR'}); capi.track('Lead', {})")
    events = await collector.until("Purchase", "Lead")
    assert [call[:2] for call in await page.evaluate("fired")] == [
        ["track", "PageView"],
        ["track", "Purchase"],
        ["CompletePayment", {"value": 1, "currency": "EUR", "contents": None}],  # undefined, there
        ["Lead", {"contents": None}],
    ]
    assert {event["event_name"]: event["browser_fired"] for event in events} == {
        "PageView": ["meta"],
        "Purchase": ["meta", "tiktok"],
        "Lead": ["tiktok"],
    }


async def test_a_pixel_that_breaks_breaks_nothing_else(page: Page, collector: Collector) -> None:
    await page.add_init_script("self.fbq = () => { throw Error('broken') }; self.ttq = 7")
    await page.goto(GRANTED)
    (event,) = await collector.until("PageView")
    assert event["browser_fired"] == []
    assert await page.evaluate("capi('nonsense')") is None


async def test_page_views_of_an_application_of_one_page(page: Page, collector: Collector) -> None:
    await page.goto(GRANTED)
    start = page.url
    await page.evaluate(
        """() => {
          history.pushState({}, "", "/plain/a");
          history.replaceState({}, "", "/plain/a");  // the same page
          location.hash = "reviews";                 // a place on it
          history.replaceState({}, "", "/plain/b");
        }"""
    )
    await page.go_back()
    await collector.until(*["PageView"] * 4)
    await page.evaluate("capi.track('Lead', {})")
    events = await collector.until("Lead")
    paths = [event["event_source_url"].split("/plain")[1] for event in events]
    root = start.split("/plain")[1]
    assert paths[:3] == [root, "/a", "/b"]
    assert [event["event_name"] for event in events].count("PageView") == 4
    assert events[1]["referrer_url"] == start
    assert events[2]["referrer_url"].endswith("/plain/a")


async def test_page_views_can_be_the_page_s_own_business(page: Page, collector: Collector) -> None:
    await page.goto(f"{GRANTED}%20data-page=off")
    await page.evaluate("history.pushState({}, '', '/plain/a'); capi.track('Lead', {})")
    assert [event["event_name"] for event in await collector.until("Lead")] == ["Lead"]
    await page.evaluate("capi.page()")
    await collector.until("PageView")


async def test_identify_is_for_the_server_only(page: Page, collector: Collector) -> None:
    await page.add_init_script(PIXEL)
    await page.goto(GRANTED)
    await page.evaluate("capi.identify({em: 'ada@example.com'}, {identity: 'replace'})")
    events = await collector.until("PageView", "Identify")
    identify = next(event for event in events if event["event_name"] == "Identify")
    assert identify["user_data"]["em"] == "ada@example.com"
    assert identify["identity"] == "replace"
    assert [call[1] for call in await page.evaluate("fired")] == ["PageView"]
    # and stays in no later event, nor anywhere in the browser
    await page.evaluate("capi.track('Lead', {})")
    events = await collector.until("Lead")
    assert "em" not in next(event for event in events if event["event_name"] == "Lead")["user_data"]
    assert "ada" not in await page.evaluate(
        "document.cookie + JSON.stringify({...localStorage, ...sessionStorage})"
    )


async def test_a_page_that_is_prerendered_counts_when_it_is_shown(page: Page, collector: Collector) -> None:
    await page.add_init_script("Object.defineProperty(document, 'prerendering', {value: true})")
    await page.goto(GRANTED)
    await page.evaluate("capi.track('Lead', {})")
    assert collector.events == []
    await page.evaluate("document.dispatchEvent(new Event('prerenderingchange'))")
    await collector.until("PageView")
