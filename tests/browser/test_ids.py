"""Ids that a visit keeps: clicks by first sighting, the session, and what happens where nothing can be stored."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page

from tests.browser.collector import COUNT_ANSWERS, Collector

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

CLICK = "IwAR2F4-dbP0l7Mn1Iaw"
NO_COOKIES = "Object.defineProperty(document, 'cookie', {get() { throw Error() }, set() { throw Error() }})"
NO_STORAGE = "Object.defineProperty(self, 'localStorage', {get() { throw Error() }})"


async def landed(page: Page, collector: Collector, query: str, host: str = "") -> dict[str, Any]:
    """The page view of a landing with this query."""
    before = len(collector.events)
    base = collector.url.replace("localhost", host) if host else ""
    await page.goto(f"{base}/plain?with=data-consent=granted&{query}")
    events = await collector.until(*["PageView"] * (before + 1))
    return events[before]


async def test_ids_come_from_the_server_and_each_serves_once(page: Page, collector: Collector) -> None:
    await page.add_init_script(COUNT_ANSWERS)
    await landed(page, collector, "a=1")
    ids = []
    for known in (1, 2):
        await page.wait_for_function(f"answersRead == {known}")
        ids.append(await page.evaluate("capi.track('Lead', {})"))
    assert ids == collector.issued[:2]
    assert await page.evaluate("capi.track('Contact', {}, {event_id: 'order-7'})") == "order-7"
    events = await collector.until("Lead", "Lead", "Contact")
    assert [event["event_id"] for event in events[1:]] == [*ids, "order-7"]


async def test_a_click_keeps_its_bytes_and_its_first_time(page: Page, collector: Collector) -> None:
    before_ms = time.time() * 1000
    first = (await landed(page, collector, f"fbclid={CLICK}"))["user_data"]["fbc"]
    version, level, seen, click = first.split(".")
    assert (version, level, click) == ("fb", "0", CLICK)
    assert before_ms - 5 < int(seen) < time.time() * 1000
    # again, in another case, not at all: still the same sighting
    for query in (f"fbclid={CLICK}", f"fbclid={CLICK.lower()}", "a=1"):
        assert (await landed(page, collector, query))["user_data"]["fbc"] == first
    other = (await landed(page, collector, "fbclid=IwAR9-another"))["user_data"]["fbc"]
    assert other.endswith(".IwAR9-another")
    assert int(other.split(".")[2]) > int(seen)


async def test_the_pixel_s_own_cookie_with_an_appendix_is_left_alone(
    profile: BrowserContext, page: Page, collector: Collector
) -> None:
    cookie = f"fb.1.1794990000000.{CLICK}.AQEAAQMB"
    await profile.add_cookies([{"name": "_fbc", "value": cookie, "url": collector.url}])
    assert (await landed(page, collector, f"fbclid={CLICK}"))["user_data"]["fbc"] == cookie


async def test_a_new_click_is_not_hidden_by_the_host_s_cookie(
    profile: BrowserContext, page: Page, collector: Collector
) -> None:
    """As a collector sets it that runs under the page's own host. Which of two is read differs by browser."""
    base = collector.url.replace("localhost", "www.shop.example")
    first = await landed(page, collector, "fbclid=IwAR-old", "www.shop.example")
    await profile.add_cookies([{"name": "_fbc", "value": first["user_data"]["fbc"], "url": base}])
    second = await landed(page, collector, "fbclid=IwAR-new", "www.shop.example")
    assert second["user_data"]["fbc"].endswith(".IwAR-new")
    kept = [(c["domain"], c["value"]) for c in await profile.cookies() if c["name"] == "_fbc"]
    assert kept == [(".shop.example", second["user_data"]["fbc"])]


async def test_a_tiktok_click_is_kept_for_later_pages(page: Page, collector: Collector) -> None:
    await landed(page, collector, "ttclid=E.C.P.CjU-x_9")
    assert (await landed(page, collector, "a=1"))["user_data"]["ttclid"] == "E.C.P.CjU-x_9"


@pytest.mark.parametrize(
    "query", ["fbclid=a%3Bb", "fbclid=", "fbclid=a.b", "fbclid=%C3%BC", "ttclid=a%20b", "ttclid=%3B"]
)
async def test_what_is_no_click_id_is_not_kept(
    profile: BrowserContext, page: Page, collector: Collector, query: str
) -> None:
    await landed(page, collector, query)
    assert {cookie["name"] for cookie in await profile.cookies()} == {"_capi_s"}


async def test_subdomains_share_a_visit_and_its_clicks(
    profile: BrowserContext, page: Page, collector: Collector
) -> None:
    """And without TLS, so without crypto.randomUUID."""
    first = await landed(page, collector, f"fbclid={CLICK}", "www.shop.example")
    assert first["user_data"]["fbc"].startswith("fb.1.")
    second = await landed(page, collector, "a=1", "checkout.eu.shop.example")
    assert second["session_id"] == first["session_id"]
    assert second["user_data"]["fbc"] == first["user_data"]["fbc"]
    assert {cookie["domain"] for cookie in await profile.cookies()} == {".shop.example"}


async def test_a_session_ends_half_an_hour_after_its_last_event(
    profile: BrowserContext, page: Page, collector: Collector
) -> None:
    first = await landed(page, collector, "a=1")
    (cookie,) = await profile.cookies()
    assert cookie["name"] == "_capi_s"
    assert 1790 < cookie["expires"] - time.time() <= 1800
    assert (await landed(page, collector, "a=2"))["session_id"] == first["session_id"]
    await profile.clear_cookies()
    assert (await landed(page, collector, "a=3"))["session_id"] != first["session_id"]


async def test_where_nothing_can_be_stored_a_page_is_a_session(page: Page, collector: Collector) -> None:
    await page.add_init_script(f"{NO_COOKIES}; {NO_STORAGE}")
    await page.clock.install()
    first = await landed(page, collector, f"fbclid={CLICK}")
    # the page's address still says which click it was
    assert f"fbclid={CLICK}" in first["event_source_url"]
    await page.evaluate("capi.track('Lead', {})")
    await page.clock.fast_forward("29:00")
    await page.evaluate("capi.track('Contact', {})")
    await page.clock.fast_forward("31:00")
    await page.evaluate("capi.track('Schedule', {})")
    await page.clock.fast_forward("00:10")
    sessions = [event["session_id"] for event in await collector.until("Lead", "Contact", "Schedule")]
    assert sessions[:3] == [first["session_id"]] * 3
    assert sessions[3] != first["session_id"]
