"""Hostile events through a real door, and every page that shows them in a real browser: nothing runs, nothing is
fetched, no dialog opens, and the policy has nothing to refuse."""

from __future__ import annotations

import secrets
import time
from typing import Any

import pytest
from playwright.async_api import Page

from agents.console.pages import ENTRIES
from tests.browser.console.conftest import Paging
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.asyncio(loop_scope="session")]

EVIL = "http://evil.invalid"
# what templates, attributes, addresses and scripts could take for their own; each sets `owned` where it runs
WORDS = (
    "<script>owned=1</script>",
    "<img src=x onerror=owned=1>",
    '"><svg onload=owned=1>',
    "'onfocus=owned=1 autofocus='",
    "{{7*191}}${7*191}<%=7*191%>",
    "javascript:owned=1",
    "</textarea></title><b id=owned>",
    f"<base href={EVIL}><link rel=stylesheet href={EVIL}>",
    "=cmd|'/C calc'!A0",
)
PLACES = sorted(entry.path for entry in ENTRIES if entry.method == "GET" and entry.nav)


def hostile(number: int, mark: str, name: str) -> dict[str, Any]:
    word = WORDS[number]
    return {
        "event_name": name,
        "event_id": f"{mark}{number}{word}"[:128],
        "session_id": f"{mark}{number}{word}"[:128].replace("|", "!"),
        "timestamp": time.time(),
        "event_source_url": f"https://shop.example/{word}",
        "user_data": {
            "client_ip": "198.51.100.7",
            "client_user_agent": f"Mozilla/5.0 {word}",
            "external_id": word,
        },
        "custom_data": {"value": 1, "currency": "EUR", "content_name": word, word[:40]: word},
    }


class Watch:
    """Everything that a page does and should not."""

    def __init__(self, page: Page) -> None:
        self.seen: list[str] = []
        page.on("dialog", lambda dialog: self.seen.append(f"dialog {dialog.message}"))
        page.on("pageerror", lambda error: self.seen.append(f"error {error}"))
        page.on("request", lambda request: self._asked(request.url))
        page.on("console", lambda said: self.seen.append(said.text) if "Content Security" in said.text else None)

    def _asked(self, url: str) -> None:
        if url.startswith(EVIL):
            self.seen.append(f"asked {url}")


async def looked(page: Page, watch: Watch, path: str) -> str:
    """The page's text, when it was whole and did nothing."""
    await page.goto(path)
    await page.keyboard.press("Tab")
    assert watch.seen == [], (path, watch.seen)
    assert await page.evaluate("typeof owned === 'undefined' && !document.getElementById('owned')"), path
    assert (
        await page.locator("base, iframe, object, embed, main script, [onerror], [onload], [onfocus]").count() == 0
    )
    assert await page.locator("a[href^='javascript:']").count() == 0, path
    text = await page.locator("body").inner_text()
    assert "1337" not in text, "a template was run"
    return text


async def test_every_page_shows_hostile_events_as_words(console_site: Site, console_page: Paging) -> None:
    mark = secrets.token_hex(4)
    orders = [hostile(number, f"o{mark}", "Purchase") for number in range(len(WORDS))]
    named = [hostile(number, f"n{mark}", WORDS[number]) for number in range(len(WORDS))]
    # the same names in visits that end, so that they are counted
    left = [
        hostile(number, f"o{mark}", WORDS[number]) | {"event_id": f"l{mark}{number}"}
        for number in range(len(WORDS))
    ]
    refused = [one | {"timestamp": one["event_id"], "event_id": f"r{one['event_id']}"[:128]} for one in orders]
    for number in (0, 1):  # given up by Meta: dead letters
        console_site.behave(mode="refuse_event", platform="meta", event_id=orders[number]["event_id"])
    await console_site.produce(*left, *named, *orders, *refused)
    page = await console_page("admin")
    watch = Watch(page)
    deadline = time.monotonic() + 60
    while (text := await looked(page, watch, f"/live?text=o{mark}")).count(
        "delivered"
    ) < 2 or "parked" not in text:
        assert time.monotonic() < deadline, text
    seen = ""
    for path in PLACES:
        seen += await looked(page, watch, path)
    for one in (*orders, *named):
        await page.goto("/")
        await page.locator("input[name=q]").fill(one["event_id"])
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/trace?**")
        assert one["session_id"] in await looked(page, watch, page.url)
        visit = await page.locator("main a[href^='/sessions/one']").first.get_attribute("href")
        assert one["event_id"] in await looked(page, watch, visit or "/")
    seen += await looked(page, watch, "/dead?jobs=1") + await looked(page, watch, f"/sessions?prefix=n{mark}")
    for word in ("<script>owned=1</script>", "<img src=x onerror=owned=1>"):
        assert word in seen, "it was never there"
    await the_table_of_quality_runs_nothing(page)


async def the_table_of_quality_runs_nothing(page: Page) -> None:
    """Opened in a spreadsheet: no cell begins as a formula does."""
    deadline = time.monotonic() + 30
    while "=cmd|" not in (table := await (await page.request.get("/quality.csv")).text()):
        assert time.monotonic() < deadline, table
    assert "'=cmd|" in table
    cells = [cell.strip('"') for line in table.splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))]
