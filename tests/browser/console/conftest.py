"""One Chromium for the console's tests; the shell with hand-made answers, and a whole site with a ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from agents.access.user_file import changing
from agents.access.users import ROLES, Account
from agents.console.app import make_app
from deploy.stack.chromium import find_chromium
from tests.browser.conftest import ARGUMENTS
from tests.kafka import eventually
from tests.site import Site, free_port, site
from tests.unit.console.desk import PASSWORD, FakeDesk, password_hash
from tests.unit.console.filled import fill_others, filled_desk

TIMEOUT_MS = 20_000
Paging = Callable[[str], Awaitable[Page]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = find_chromium()
    assert path, "there is no Chromium: make browser"
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield made
        await made.close()


async def log_in(browser: Browser, url: str, name: str, **options: object) -> Page:
    """A page of a profile of its own, behind the login."""
    context = await browser.new_context(base_url=url, **options)  # type: ignore[arg-type]
    context.set_default_timeout(TIMEOUT_MS)
    page = await context.new_page()
    await page.goto("/login")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(f"{url}/")
    return page


# -- the shell alone


@pytest.fixture(scope="module")  # no longer: what it puts in place of the real things, others need
def shell_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeDesk]:
    """With an answer to every question."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        fill_others(monkeypatch)
        yield filled_desk(tmp_path_factory.mktemp("shell"))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shell_url(shell_desk: FakeDesk) -> AsyncIterator[str]:
    runner, port = web.AppRunner(make_app(shell_desk)), free_port()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


# -- a whole site


@pytest.fixture(scope="session")
def console_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Every role as a process, stand-in platforms, short windows; the console's users are named by their roles."""
    folder, console, views = tmp_path_factory.mktemp("site"), free_port(), free_port()
    users = folder / "users.toml"
    with changing(users) as accounts:
        accounts.update({role: Account(role, password_hash()) for role in ROLES})
    options = {
        "web_port": views,
        "sessions_url": f"http://127.0.0.1:{views}",
        "console_port": console,
        "console_url": f"http://127.0.0.1:{console}",
        "console_users": users,
        "internal_secret": f"file:{folder / 'internal.secret'}",
        "metrics_port": 0,
        # visits stay open while somebody looks: a purchase ends them; a stopped lane is tried soon
        "idle_s": 60,
        "max_age_s": 90,
        "probe_s": 1,
    }
    with site(folder, **options) as made:
        made.start_roles()
        made.worker("ledger")
        asyncio.run(_answering(made))
        yield made


async def _answering(made: Site) -> None:
    async def answers() -> bool:
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(f"{made.settings.console_url}/login")).is_success
            except httpx.TransportError:
                return False

    await eventually(answers, 60)


@pytest_asyncio.fixture(loop_scope="session")
async def console_page(browser: Browser, console_site: Site) -> AsyncIterator[Paging]:
    """`await console_page("operator")`: a page of that user's, at the Overview."""
    made: list[Page] = []

    async def page(role: str) -> Page:
        made.append(await log_in(browser, console_site.settings.console_url, role))
        return made[-1]

    yield page
    for one in made:
        await one.context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    return (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
