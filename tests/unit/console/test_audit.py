"""/audit, over the ledger's own rules: going back page by page shows every entry once."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from agents.console.pages_audit import ROWS
from streams.events import Noted
from streams.ledger.merging import merge
from streams.ledger.queries import Query
from tests.unit.console.desk import Browser, FakeDesk, console, fake_desk
from tests.unit.test_ledger_book import book_of

AT_MS = 1_764_072_000_000


class Ledger:
    """Two workers that hold every second entry each."""

    def __init__(self, notes: list[Noted]) -> None:
        self.books = [book_of(notes[::2]), book_of(notes[1::2])]

    async def ask(self, query: Query) -> Any:
        return merge(query, [book.answer(query) for book in self.books])


def desk_of(folder: Path, notes: list[Noted]) -> FakeDesk:
    desk = fake_desk(folder)
    object.__setattr__(desk, "ledger", Ledger(notes))
    return desk


def entry(number: int, at_ms: int) -> Noted:
    return Noted(note_id=f"id:{number:03}", at_ms=at_ms, who="ada", what="pause", target=f"pixel-{number:03}")


async def page_by_page(browser: Browser, path: str = "/audit?who=ada") -> list[list[str]]:
    """What each page shows, the newest first."""
    pages = []
    while path:
        text = await (await browser.get(path)).text()
        pages.append(re.findall(r"pixel-\d{3}", text))
        older = re.search(r'href="([^"]+)">Older', text)
        path = unescape(older[1]) if older else ""
    return pages


@pytest.mark.parametrize("spread_ms", [0, 1, 7, 1_000], ids=lambda spread: f"1 ms in {spread}")
async def test_going_back_shows_every_entry_once(tmp_path: Path, spread_ms: int) -> None:
    """Also when a page ends within a millisecond that has more entries than a page has rows."""
    notes = [entry(number, AT_MS + (number % spread_ms if spread_ms else 0)) for number in range(2 * ROWS + 20)]
    async with console(desk_of(tmp_path, notes)) as browser:
        await browser.login("admin")
        pages = await page_by_page(browser)
    assert [len(page) for page in pages] == [ROWS, ROWS, 20]
    newest_first = sorted(notes, key=lambda note: (-note.at_ms, note.note_id))
    assert [target for page in pages for target in page] == [note.target for note in newest_first]


async def test_a_last_page_that_is_just_full_has_no_older_one(tmp_path: Path) -> None:
    async with console(desk_of(tmp_path, [entry(number, AT_MS) for number in range(ROWS)])) as browser:
        await browser.login("admin")
        assert [len(page) for page in await page_by_page(browser)] == [ROWS]


async def test_filters_stay_on_the_older_pages(tmp_path: Path) -> None:
    notes = [entry(number, AT_MS) for number in range(ROWS + 1)]
    other = Noted(note_id="x", at_ms=AT_MS + 1, who="bob", what="pause", target="pixel-999")
    async with console(desk_of(tmp_path, [*notes, other])) as browser:
        await browser.login("admin")
        pages = await page_by_page(browser, "/audit?who=ada&what=pause")
    assert [len(page) for page in pages] == [ROWS, 1]
    assert "pixel-999" not in pages[0]


async def test_who_sees_one_tenant_sees_its_entries_only(tmp_path: Path) -> None:
    notes = [
        Noted(note_id=name, at_ms=AT_MS, who="ada", what="pause", target=f"to-{name}", tenant=name)
        for name in ("shop", "other")
    ]
    async with console(desk_of(tmp_path, notes)) as browser:
        await browser.login("shop-admin")
        text = await (await browser.get("/audit")).text()
    assert "to-shop" in text
    assert "to-other" not in text


@pytest.mark.parametrize("behind", ["x", "x:1", ":", "-1:a", "1e3:a", "²:a", "9" * 16 + ":a"])
async def test_a_place_that_is_none_is_refused(tmp_path: Path, behind: str) -> None:
    async with console(fake_desk(tmp_path)) as browser:
        await browser.login("admin")
        answer = await browser.client.get("/audit", params={"behind": behind})
        assert answer.status == 400
