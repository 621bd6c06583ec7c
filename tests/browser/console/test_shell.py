"""The shell in a browser: axe over every page, keyboard, theme, clock, and reading without JavaScript."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Page

from agents.console.pages import ENTRIES
from tests.browser.console.conftest import log_in
from tests.unit.console.filled import PLACES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHOWN = {entry.path for entry in ENTRIES if entry.method == "GET" and entry.nav} | {*PLACES}
PAGES = sorted(path + PLACES.get(path, "") for path in SHOWN)
GRAVE = ("serious", "critical")


async def faults(page: Page, axe: str) -> list[tuple[str, str]]:
    await page.evaluate(axe)
    found: dict[str, Any] = await page.evaluate("axe.run(document)")
    assert found["passes"], "axe has looked at nothing"
    return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"] if one["impact"] in GRAVE]


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
async def test_no_page_has_a_grave_fault(
    browser: Browser, shell_url: str, axe: str, scheme: str, width: int
) -> None:
    """Colours do not depend on the width, nor the layout on the colours: two of the four are enough."""
    size = {"width": width, "height": 844}
    page = await log_in(browser, shell_url, "admin", color_scheme=scheme, viewport=size, bypass_csp=True)
    for path in [*PAGES, "/nothing"]:
        await page.goto(path)
        assert await faults(page, axe) == [], path
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
    await page.get_by_role("button", name="Log out").click()
    await page.wait_for_url("**/login")
    assert await faults(page, axe) == []
    await page.context.close()


async def test_no_page_breaks_its_own_policy(browser: Browser, shell_url: str) -> None:
    page = await log_in(browser, shell_url, "admin")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in PAGES:
        await page.goto(path)
    assert said == []
    await page.context.close()


async def test_slash_goes_to_the_search_and_enter_searches(browser: Browser, shell_url: str) -> None:
    page = await log_in(browser, shell_url, "viewer")
    await page.keyboard.press("/")
    await page.keyboard.type("order-77")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/trace?event_id=order-77")
    await page.context.close()


async def test_theme_and_clock_are_kept(browser: Browser, shell_url: str) -> None:
    page = await log_in(browser, shell_url, "viewer", color_scheme="light", timezone_id="Asia/Tokyo")
    await page.get_by_role("button", name="Dark").click()
    await page.get_by_role("button", name="UTC").click()
    await page.goto("/trace")
    assert await page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert await page.get_by_role("button", name="Local time").is_visible()
    await page.context.close()


async def test_without_javascript_pages_can_be_read_and_forms_work(browser: Browser, shell_url: str) -> None:
    page = await log_in(browser, shell_url, "admin", java_script_enabled=False)
    for path in PAGES:
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 200
        assert await page.get_by_role("heading", level=1).inner_text()
    await page.get_by_role("button", name="Log out").click()
    await page.wait_for_url("**/login")
    await page.context.close()


async def test_on_a_phone_the_name_of_the_page_is_in_sight(browser: Browser, shell_url: str) -> None:
    page = await log_in(browser, shell_url, "admin", viewport={"width": 390, "height": 844})
    for path in ("/", "/dead", "/audit"):
        await page.goto(path)
        box = await page.locator(".top nav [aria-current]").bounding_box()
        assert box is not None
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390, path
    await page.context.close()
