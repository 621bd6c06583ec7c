"""The way to the collector: batches, retries, what outlives the page and what must not."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, Page

from tests.browser.collector import Collector

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

GRANTED = "/plain?with=data-consent=granted"


async def test_offline_events_come_when_the_net_is_back(
    profile: BrowserContext, page: Page, collector: Collector
) -> None:
    await page.goto(GRANTED)
    await collector.until("PageView")
    await profile.set_offline(True)
    async with page.expect_event("requestfailed", lambda request: request.url.endswith("/v1/events")):
        ids = await page.evaluate("['AddToCart', 'Lead'].map((name) => capi.track(name, {}))")
    await profile.set_offline(False)
    events = await collector.until("AddToCart", "Lead")
    assert {event["event_id"] for event in events[1:]} == set(ids)


async def test_the_net_is_enough_no_timer_is_needed(
    profile: BrowserContext, page: Page, collector: Collector
) -> None:
    await page.goto(GRANTED)
    await collector.until("PageView")
    await profile.set_offline(True)
    await page.evaluate("self.setTimeout = () => 1; capi.track('Lead', {})")
    await profile.set_offline(False)
    await collector.until("Lead")


@pytest.mark.parametrize("status", [0, 429, 503])
async def test_an_outage_of_the_collector_loses_nothing(page: Page, collector: Collector, status: int) -> None:
    collector.status = status
    await page.goto(GRANTED)
    await collector.until_refused(1)
    lead = await page.evaluate("capi.track('Lead', {})")
    collector.status = 200
    events = await collector.until("PageView", "Lead")
    assert [event["event_name"] for event in events] == ["PageView", "Lead"]
    assert events[1]["event_id"] == lead


async def test_what_the_collector_refuses_is_not_sent_again(page: Page, collector: Collector) -> None:
    collector.status = 422
    await page.goto(GRANTED)
    await collector.until_refused(1)
    collector.status = 200
    await page.evaluate("capi.track('Lead', {})")
    assert [event["event_name"] for event in await collector.until("Lead")] == ["Lead"]


async def test_what_is_under_way_when_the_page_is_left_arrives(page: Page, collector: Collector) -> None:
    await page.goto(GRANTED)
    await collector.until("PageView")
    await page.evaluate(
        "for (let i = 0; i < 45; i++) capi.track('Lead', {content_name: 'thing ' + i}); location = '/plain'"
    )
    events = await collector.until(*["Lead"] * 45)
    assert len({event["event_id"] for event in events}) == len(events)


async def test_a_batch_that_is_too_large_to_outlive_the_page_is_sent_all_the_same(
    page: Page, collector: Collector
) -> None:
    await page.goto(GRANTED)
    await collector.until("PageView")
    await page.evaluate("for (let i = 0; i < 9; i++) capi.track('Lead', {content_name: 'ü'.repeat(9000)})")
    await collector.until(*["Lead"] * 9)


async def test_events_of_a_failed_page_are_sent_by_the_next_without_personal_data(
    profile: BrowserContext, page: Page, collector: Collector
) -> None:
    collector.status = 503
    await page.goto("/plain?with=data-consent=granted&phone=6505551212")
    await collector.until_refused(1)
    await page.evaluate("capi.identify({em: 'ada@example.com', ph: '6505551212'})")
    order = await page.evaluate("capi.track('Purchase', {value: 9, currency: 'EUR', note: 'for ada@example.com'})")
    await page.goto("/plain?with=none")
    kept = await page.evaluate("localStorage._capi")
    assert order in kept
    assert "@" not in kept
    assert "6505551212" not in kept
    collector.status = 200
    await page.goto("/plain")
    await page.evaluate("capi.consent('granted')")
    events = {event["event_id"]: event for event in await collector.until("Purchase")}
    assert events[order]["custom_data"] == {"value": 9, "currency": "EUR", "note": ""}
    assert events[order]["consent"] == "granted"
    assert await page.evaluate("localStorage.length") == 0


async def test_a_no_removes_what_was_kept(page: Page, collector: Collector) -> None:
    collector.status = 503
    async with page.expect_response("**/v1/events"):  # the page has to hear that it was refused
        await page.goto(GRANTED)
    await collector.until_refused(1)
    await page.goto("/plain")
    assert await page.evaluate("localStorage.length") == 1
    await page.evaluate("capi.consent('denied')")
    assert await page.evaluate("localStorage.length") == 0


async def test_a_page_that_is_shown_again_goes_on(page: Page, collector: Collector) -> None:
    """The back-forward cache: the same page, memory and all, comes back. The page itself tells that it did."""
    await page.goto("/plain?with=data-consent=granted&page=1")
    (first,) = await collector.until("PageView")
    await page.evaluate("addEventListener('pageshow', (event) => event.persisted && capi.track('Lead', {}))")
    await page.goto("/plain?with=none")
    await page.evaluate("history.back()")
    events = await collector.until("PageView", "PageView", "Lead")
    assert len({event["event_id"] for event in events}) == len(events) == 3
    assert {event["session_id"] for event in events} == {first["session_id"]}
