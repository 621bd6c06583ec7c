"""A person is erased in the console, on a whole site: what they have open and parked goes, and nobody sees who it
was. The page itself, on a console with hand-made answers: axe, and without JavaScript."""

from __future__ import annotations

import re
import secrets
from hashlib import sha256

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.console.conftest import Paging, log_in
from tests.browser.console.test_shell import faults
from tests.browser.console.test_story import event, look_until, purchase
from tests.privacy import files, traces_of
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.asyncio(loop_scope="session")]


class Seen:
    """All that a page showed: addresses and contents."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.texts: list[tuple[str, bytes]] = []

    async def keep(self) -> None:
        self.texts.append((self.page.url, f"{self.page.url} {await self.page.content()}".encode()))


async def ask_about(page: Page, field: str, value: str) -> None:
    await page.goto("/people")
    form = page.get_by_role("region", name="By what the shop knows")
    await form.get_by_label("Field").select_option(label=field)
    await form.get_by_label("Value").fill(value)
    await form.get_by_role("button", name="Look").click()


async def test_a_person_is_forgotten(console_site: Site, console_page: Paging) -> None:
    mark = secrets.token_hex(4)
    email, order, visit = f"Marked.{mark}@Privacy.example", f"order-{secrets.token_hex(4)}", f"v-{mark[::-1]}x"
    digest = sha256(email.lower().encode()).hexdigest()
    page = await console_page("admin")
    seen = Seen(page)
    console_site.behave(mode="refuse_event", platform="meta", event_id=order)
    await console_site.produce(purchase(order, f"of-{order}", em=email))
    parked = page.get_by_role("region", name="Parked jobs")
    await look_until(page, f"/dead?event={order}", parked)
    await console_site.produce(event("ViewContent", f"seen-{visit}", visit, user={"em": email}))
    held = page.get_by_role("region", name="Held events")
    await look_until(page, f"/sessions/one?key=default%7C{visit}", held)
    await expect(page.get_by_role("region", name="What is known")).to_contain_text(digest[:8])

    await ask_about(page, "E-mail address", email)
    held_before = page.get_by_role("region", name="What the ledger holds").get_by_role("row")
    await expect(held_before.nth(1)).to_have_text(re.compile(rf"em\s*{digest[:8]}\s*1\s*1"))
    await seen.keep()
    await page.get_by_label("I am sure").check()
    await page.get_by_role("button", name="Erase").click()
    await page.wait_for_url("**/people")
    await seen.keep()
    work = page.locator("#work")
    await expect(work.locator(".badge")).to_have_text("done", timeout=60_000)  # by htmx
    for where, removed in (
        ("open sessions", "1 held events"),
        ("ledger", "1 events before, 0 now"),
        ("parked", "1 jobs"),
    ):
        await expect(work.locator("dl > div").filter(has_text=where)).to_contain_text(removed)
    await seen.keep()

    await page.goto(f"/sessions/one?key=default%7C{visit}")
    await expect(held).to_have_count(0)
    await expect(page.locator("main")).not_to_contain_text(digest[:8])
    await seen.keep()
    await page.goto(f"/dead?event={order}")
    await expect(page.get_by_text("No parked job matches")).to_be_visible()
    await page.goto(f"/trace?event_id={order}")
    await expect(page.get_by_text("Delivered to")).to_have_count(0)
    await seen.keep()
    await ask_about(page, "E-mail address", email)
    await expect(held_before.nth(1)).to_have_text(re.compile(rf"em\s*{digest[:8]}\s*0\s*0"))
    entries = page.get_by_role("row").filter(has_text=f"em {digest[:8]}").filter(has_text="admin")
    await look_until(page, "/audit?what=erase", entries.filter(has_text="parked jobs: 1 jobs"))
    await expect(entries.filter(has_text="begun")).to_have_count(1)
    await seen.keep()

    console_site.behave(mode="ok", platform="meta")
    assert [*traces_of([digest[:8]], seen.texts)], "nothing was kept"
    assert [*traces_of([mark, digest], [*seen.texts, *files(console_site.folder)])] == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
async def test_what_is_held_is_shown_without_a_grave_fault(
    browser: Browser, shell_url: str, axe: str, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 844}
    page = await log_in(browser, shell_url, "admin", color_scheme=scheme, viewport=size, bypass_csp=True)
    await ask_about(page, "Phone number", "+49 30 901820")
    await expect(page.locator("#confirm")).to_contain_text("ph_e164")
    assert await faults(page, axe) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await ask_about(page, "E-mail address", "nobody")
    await expect(page.get_by_role("alert")).to_contain_text("E-mail address")
    assert await faults(page, axe) == []
    await page.context.close()


async def test_without_javascript_it_can_be_asked_and_meant(browser: Browser, shell_url: str) -> None:
    page = await log_in(browser, shell_url, "admin", java_script_enabled=False)
    await ask_about(page, "E-mail address", "ada@example.com")
    await expect(page.locator("#confirm")).to_contain_text("17")
    assert "ada@example.com" not in await page.content() + page.url
    await expect(page.get_by_role("button", name="Erase")).to_be_enabled()
    await page.get_by_role("link", name="Cancel").click()
    await page.wait_for_url("**/people")
    await page.context.close()
