"""One Chromium and one recording collector for all browser tests; each test has its own profile."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from deploy.stack.chromium import find_chromium
from tests.browser.collector import Collector, running_collector

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # a shop with subdomains, on this machine
    "--host-resolver-rules=MAP *.shop.example 127.0.0.1",
]


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def chromium() -> AsyncIterator[Browser]:
    path = find_chromium()
    assert path, "there is no Chromium: make browser"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path,
            args=ARGUMENTS,
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def _running() -> AsyncIterator[Collector]:
    async with running_collector() as collector:
        yield collector


@pytest.fixture
def collector(_running: Collector) -> Collector:
    _running.forget()
    return _running


@pytest_asyncio.fixture(loop_scope="package")
async def profile(chromium: Browser, collector: Collector) -> AsyncIterator[BrowserContext]:
    """A visitor's profile; relative addresses are the collector's."""
    context = await chromium.new_context(base_url=collector.url, user_agent="Mozilla/5.0 (X11; Linux x86_64) Test")
    context.set_default_timeout(15_000)
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="package")
async def page(profile: BrowserContext) -> AsyncIterator[Page]:
    """A page in which no script of ours may fail or be refused by the page's policy."""
    made = await profile.new_page()
    mistakes: list[str] = []
    made.on("pageerror", lambda error: mistakes.append(str(error)))
    made.on("console", lambda said: mistakes.append(said.text) if "Content Security" in said.text else None)
    yield made
    assert mistakes == []
