"""Consent: before an answer and after a no nothing is stored, sent or fired; a withdrawal is heard."""

from __future__ import annotations

import asyncio
import time

import pytest
from playwright.async_api import BrowserContext, Page, Route

from tests.browser.collector import Collector

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

OWN = {"_capi_s", "_capi_d", "_fbc", "ttclid"}
CLICKS = "?fbclid=IwAR2-Click_7&ttclid=E.C.P.Abc-9"


async def own_cookies(profile: BrowserContext) -> dict[str, str]:
    return {c["name"]: c["value"] for c in await profile.cookies() if c["name"] in OWN}


async def nothing_left(profile: BrowserContext, page: Page) -> bool:
    return not await own_cookies(profile) and await page.evaluate("localStorage.length") == 0


async def test_before_an_answer_nothing_leaves_the_page(
    profile: BrowserContext, page: Page, collector: Collector
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"/demo/p/mug-01{CLICKS}")
    await page.evaluate("capi.identify({em: 'ada@example.com'})")
    # a page that is left is when a snippet sends what it has
    await page.goto("/plain")
    assert [url for url in asked if "/v1/" in url] == []
    assert await nothing_left(profile, page)


async def test_granted_later_what_waited_is_sent_as_it_happened(
    profile: BrowserContext, page: Page, collector: Collector
) -> None:
    began_ms = time.time() * 1000
    await page.goto(f"/demo/p/mug-01{CLICKS}")
    early = await page.evaluate("capi.track('Search', {search_string: 'mug'})")
    assert await page.evaluate("panel.copies") == []
    answered_ms = time.time() * 1000
    await page.get_by_role("button", name="Allow").click()
    events = await collector.until("PageView", "ViewContent", "Search")
    assert early in {event["event_id"] for event in events}
    for event in events:
        assert began_ms - 5 < event["timestamp"] < answered_ms + 5
        assert event["consent"] == "granted"
        assert event["user_data"]["fbc"].endswith(".IwAR2-Click_7")
    fired = {copy["id"] for copy in await page.evaluate("panel.copies")}
    assert fired == {event["event_id"] for event in events}
    # the click was seen when the page came, not when it was allowed to be kept
    seen_ms = int((await own_cookies(profile))["_fbc"].split(".")[2])
    assert began_ms - 5 < seen_ms < answered_ms


async def test_a_no_drops_what_waited_and_what_comes(
    profile: BrowserContext, page: Page, collector: Collector
) -> None:
    await page.goto(f"/demo/p/mug-01{CLICKS}")
    await page.get_by_role("button", name="No").click()
    await page.evaluate("capi.track('Lead', {})")
    assert await page.evaluate("panel.copies") == []
    assert await nothing_left(profile, page)
    # a yes afterwards brings back none of it
    await page.evaluate("capi.consent('granted')")
    await page.evaluate("capi.track('Contact', {})")
    events = await collector.until("Contact")
    assert [event["event_name"] for event in events] == ["Contact"]


async def test_a_withdrawal_is_heard_and_leaves_nothing(
    profile: BrowserContext, page: Page, collector: Collector
) -> None:
    await page.goto(f"/demo/p/mug-01{CLICKS}")
    await page.get_by_role("button", name="Allow").click()
    session = (await collector.until("ViewContent"))[0]["session_id"]
    fbp = (await page.evaluate("document.cookie")).split("_fbp=")[1].split(";")[0]
    collector.forget()
    before, after = await page.evaluate(
        """() => {
          capi.track("Lead", {});
          const before = panel.copies.length;
          capi.consent("denied");
          capi.track("Contact", {});
          return [before, panel.copies.length];
        }"""
    )
    (event,) = await collector.until("Consent")
    assert (event["consent"], event["session_id"], event["user_data"]["fbp"]) == ("denied", session, fbp)
    assert "event_source_url" not in event
    assert before == after
    assert await nothing_left(profile, page)


async def test_a_no_on_a_later_page_withdraws_too(
    page: Page, profile: BrowserContext, collector: Collector
) -> None:
    await page.goto("/plain?with=data-consent=granted")
    session = (await collector.until("PageView"))[0]["session_id"]
    await page.goto("/plain")
    collector.forget()
    await page.evaluate("capi('consent', 'denied')")
    (event,) = await collector.until("Consent")
    assert (event["consent"], event["session_id"]) == ("denied", session)
    assert await nothing_left(profile, page)


async def test_a_withdrawal_that_fails_is_repeated_and_a_new_yes_does_not_change_it(
    page: Page, collector: Collector
) -> None:
    await page.goto("/plain?with=data-consent=granted")
    await collector.until("PageView")
    collector.status = 503
    await page.evaluate("capi.consent('denied')")
    await collector.until_refused(1)
    await page.evaluate("capi.consent('granted')")
    collector.status = 200
    events = await collector.until("Consent")
    assert {event["event_name"]: event["consent"] for event in events}["Consent"] == "denied"


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_withdrawal_overtakes_what_is_under_way(page: Page, collector: Collector, arrives: bool) -> None:
    """While it is sent, the events before it end either way; then it fails. It is sent again, they are not."""
    await page.goto("/plain?with=data-consent=granted")
    await collector.until("PageView")
    held: asyncio.Queue[Route] = asyncio.Queue()
    await page.route("**/v1/events", held.put)
    await page.evaluate("capi.track('Lead', {})")
    before = await held.get()
    await page.evaluate("capi.consent('denied')")
    withdrawal = await held.get()
    ended = "requestfinished" if arrives else "requestfailed"
    async with page.expect_event(ended, lambda request: request == before.request):
        await (before.continue_() if arrives else before.abort())
    await withdrawal.fulfill(status=503)
    await (await held.get()).continue_()
    events = await collector.until("Consent")
    assert [event["event_name"] for event in events] == ["PageView", *["Lead"] * arrives, "Consent"]


async def test_limited_goes_with_every_event(page: Page, collector: Collector) -> None:
    await page.goto("/demo/p/mug-01")
    await page.get_by_role("button", name="Limited").click()
    assert {event["consent"] for event in await collector.until("ViewContent")} == {"limited"}


@pytest.mark.parametrize("said", ["'yes'", "undefined", "true", "{ad_storage: 'granted'}"])
async def test_what_is_no_clear_yes_is_a_no(profile: BrowserContext, page: Page, said: str) -> None:
    await page.goto("/demo")
    await page.evaluate(f"capi.consent({said})")
    await page.evaluate("capi.track('Lead', {})")
    assert await page.evaluate("panel.copies") == []
    assert await nothing_left(profile, page)


async def test_a_yes_that_is_said_twice_fires_nothing_twice(page: Page, collector: Collector) -> None:
    await page.goto("/demo/p/mug-01")
    await page.evaluate("capi.consent('granted'); capi.consent('granted')")
    events = await collector.until("ViewContent", "PageView")
    await page.evaluate("capi.track('Lead', {})")
    await collector.until("Lead")
    meta = [copy["id"] for copy in await page.evaluate("panel.copies") if copy["platform"] == "meta"]
    assert len(meta) == len(set(meta)) == len(events) == 3
