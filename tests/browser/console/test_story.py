"""What people do with the console, on a whole site: a visit is watched and traced, a pixel breaks and is mended, a
refused event is sent again."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.console.conftest import Paging
from tests.site import META, Site

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.asyncio(loop_scope="session")]

WITHIN_MS = 30_000


def event(name: str, event_id: str, session_id: str, **more: Any) -> dict[str, Any]:
    """A website event as a shop sends it, with a user that platforms find no match for."""
    user = {"client_ip": "198.51.100.7", "client_user_agent": "Mozilla/5.0"} | more.pop("user", {})
    return {
        "event_name": name,
        "event_id": event_id,
        "session_id": session_id,
        "timestamp": time.time(),
        "event_source_url": "https://shop.example.com/",
        "user_data": user,
        **more,
    }


def purchase(event_id: str, session_id: str, **user: str) -> dict[str, Any]:
    return event("Purchase", event_id, session_id, user=user, custom_data={"value": 59.9, "currency": "EUR"})


async def look_until(page: Page, path: str, there: Locator) -> None:
    """Look at a page anew until something is on it: what does not draw itself anew, or is not there yet."""
    deadline = time.monotonic() + WITHIN_MS / 1000
    while True:
        await page.goto(path)
        if await there.count():
            return
        assert time.monotonic() < deadline, await page.locator("main").inner_text()


async def test_a_visit_is_watched_from_its_first_event_to_its_delivery(
    console_site: Site, console_page: Paging
) -> None:
    visit = f"visit-{secrets.token_hex(4)}"
    seen, known, order = (f"{name}-{visit}" for name in ("seen", "known", "order"))
    live, page = await console_page("viewer"), await console_page("viewer")
    await live.goto("/live")
    await console_site.produce(
        event("ViewContent", seen, visit), event("Lead", known, visit, user={"em": "ada@example.com"})
    )

    link = page.get_by_role("link", name=visit)
    await look_until(page, "/sessions", link)
    await link.click()
    held = page.get_by_role("region", name="Held events").get_by_role("row")
    await look_until(page, page.url, held.filter(has=page.get_by_role("link", name=known)))
    backfill = held.filter(has=page.get_by_role("link", name=seen)).get_by_role("cell").nth(4)
    await expect(backfill).to_contain_text(re.compile(rf"em\s+{known}"))
    countdown = page.locator(".countdown")
    await expect(countdown).not_to_have_text(await countdown.inner_text())  # it goes on by itself

    await console_site.produce(purchase(order, visit))
    for one in (seen, known, order):
        delivered = live.locator("#lines").get_by_role("row").filter(has=live.get_by_role("link", name=one))
        await expect(delivered.filter(has_text="delivered")).to_have_count(2, timeout=WITHIN_MS)
    await live.get_by_role("link", name=order).first.click()
    await expect(live.get_by_role("heading", name="Delivered to Meta and TikTok")).to_be_visible()
    await expect(live.get_by_role("link", name="Trace that event")).to_have_attribute("href", re.compile(known))
    assert "ada@example.com" not in await live.content() + await page.content()

    await page.goto("/quality")
    for platform in ("meta", "tiktok"):
        keys = page.get_by_role("region", name=re.compile(f"match key, default, {platform}"))
        heads = await keys.get_by_role("columnheader").all_inner_texts()
        column = heads.index("em") - 1  # the first names the event
        own, filled = (
            keys.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))
            for name in ("Lead", "ViewContent")
        )
        await expect(own.get_by_role("cell").nth(column)).to_have_text("100%")
        await expect(filled.get_by_role("cell").nth(column)).to_have_text(re.compile(r"100%\s*100% filled"))


async def test_a_broken_pixel_stops_and_goes_on_when_it_is_mended(
    console_site: Site, console_page: Paging
) -> None:
    orders = [f"order-{secrets.token_hex(4)}" for _ in range(3)]
    page, trace = await console_page("operator"), await console_page("operator")
    state = page.get_by_role("region", name=f"meta {META}")
    console_site.behave(mode="refuse_token", platform="meta", pixel=META)
    await page.goto("/destinations")
    await console_site.produce(*(purchase(order, f"of-{order}") for order in orders))
    await expect(state).to_contain_text("stopped: pixel refused", timeout=WITHIN_MS)
    await expect(state).to_contain_text("Last trouble: misconfigured 190")
    await expect(state).to_contain_text(re.compile(r"On their way\s*([3-9]|\d\d)"))  # and what others left open
    await expect(state).to_contain_text(re.compile(r"Oldest queued\s*(now|\d+ (s|min) ago)"))
    await expect(state).to_contain_text(re.compile(r"Next try\s*(now|in \d+ (s|min)|\d+ s ago|with the next job)"))
    await expect(page.get_by_role("region", name="tiktok")).to_contain_text("takes events")
    waits = trace.get_by_role("heading", name="Meta refuses the pixel")
    await look_until(trace, f"/trace?event_id={orders[0]}", waits)
    assert not [taken for taken in console_site.ledger() if taken["pixel"] == META and taken["event_id"] in orders]
    console_site.behave(mode="ok", platform="meta", pixel=META)
    await expect(state).to_contain_text("takes events", timeout=WITHIN_MS)
    await expect(state).to_contain_text(re.compile(r"On their way\s*0"), timeout=WITHIN_MS)
    await expect(state).to_contain_text(re.compile(r"Oldest queued\s*–"))
    await expect(state).to_contain_text(re.compile(r"POST, p50 / p95\s*(≤|over)"))
    await expect(state).not_to_contain_text("Next try")
    delivered = trace.get_by_role("heading", name="Delivered to Meta and TikTok")
    for order in orders:
        await look_until(trace, f"/trace?event_id={order}", delivered)


async def test_an_event_that_was_refused_is_sent_again(console_site: Site, console_page: Paging) -> None:
    order = f"order-{secrets.token_hex(4)}"
    page, operator = await console_page("admin"), await console_page("operator")
    console_site.behave(mode="refuse_event", platform="meta", event_id=order)
    await console_site.produce(purchase(order, f"of-{order}"))
    await look_until(operator, f"/trace?event_id={order}", operator.get_by_text("See it among the dead letters"))
    await operator.get_by_role("link", name="See it among the dead letters").click()
    await expect(operator.get_by_role("region", name="Parked jobs")).to_contain_text("invalid 100")
    console_site.behave(mode="ok", platform="meta")
    await operator.get_by_role("link", name="Replay these…").click()
    await expect(operator.locator("#confirm")).to_contain_text("Would send 1 job.")
    await operator.get_by_role("button", name="Replay", exact=True).click()
    await expect(operator.locator("#work")).to_contain_text("1 replayed", timeout=WITHIN_MS)
    delivered = operator.get_by_role("heading", name="Delivered to Meta and TikTok")
    await look_until(operator, f"/trace?event_id={order}", delivered)
    entries = page.get_by_role("row").filter(has_text=order)
    await look_until(page, "/audit?what=replay", entries.filter(has_text="1 replayed"))
    await expect(entries).to_have_count(2)
    await expect(entries.filter(has_text="begun")).to_contain_text("operator")
