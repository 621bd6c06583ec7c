"""Every page, told hostile words in every answer, in its address and in the user's name: they stay words."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
import pytest_asyncio

from agents.console.desk import AwayError
from agents.console.pages import ENTRIES
from streams.session_view import SessionList
from tests.unit.console.desk import Browser, FakeDesk, console, fake_desk
from tests.unit.console.hostile import NAME, WORD, hostile_desk, hostile_others, made

PAGES = sorted(entry.path for entry in ENTRIES if entry.method == "GET" and entry.path != "/search")
# what a page may be asked for in its address; each page takes some of them
ASKED = (
    "event_id",
    "q",
    "who",
    "what",
    "tenant",
    "pixel",
    "event",
    "reason",
    "text",
    "event_name",
    "next",
    "prefix",
)
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
SCRIPTS = {"theme.js", "vendor/htmx.min.js", "vendor/uPlot.iife.min.js", "console.js"}


class Elements(HTMLParser):
    """What a browser would make of a page: elements, attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {(tag, name) for name, _ in attrs}
        if tag == "script":
            self.scripts.add((dict(attrs).get("src") or "inline").split("/", 3)[-1])


def check(text: str) -> None:
    """Raises AssertionError when a word became more than a word."""
    found = Elements()
    found.feed(text)
    assert found.scripts == SCRIPTS
    assert not [one for one in found.attributes if one[0] in ("img", "iframe") or one[1].startswith("on")]
    assert "1337" not in text, "a template was run"
    assert not UNSEEN.search(unescape(text)), "a character that is not seen"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> FakeDesk:
    return hostile_desk(tmp_path_factory.mktemp("hostile"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(desk: FakeDesk) -> AsyncIterator[Browser]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        hostile_others(monkeypatch)
        async with console(desk) as found:
            assert (await found.login(NAME)).status == 303
            yield found


@pytest.mark.parametrize("asked", [(), ASKED], ids=["plain", "asked for"])
@pytest.mark.parametrize("path", [*PAGES, "/nothing"])
@pytest.mark.asyncio(loop_scope="module")
async def test_words_stay_words(browser: Browser, path: str, asked: tuple[str, ...]) -> None:
    params = dict.fromkeys(asked, WORD) | {"key": f"shop|{WORD}", "jobs": "1", "do": "drop"}
    params |= {} if asked else {"event_id": WORD}
    answer = await browser.client.get(path, params=params if path != "/sessions" else {})
    text = await answer.text()
    assert answer.status == (404 if path == "/nothing" else 200), text
    if answer.content_type == "text/html":
        assert "&lt;script&gt;alert" in text, "the word is not on the page"
        check(text)


@pytest.mark.parametrize("htmx", [{}, {"HX-Request": "true"}], ids=["page", "part"])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_wrong_name_is_not_shown(desk: FakeDesk, htmx: dict[str, str]) -> None:
    async with console(desk) as stranger:
        await stranger.get("/login")
        answer = await stranger.post(
            "/login", {"name": f"x{WORD}", "password": "wrong", "next": f"/{WORD}"}, **htmx
        )
        text = await answer.text()
    assert answer.status == 401
    assert "alert(1)" not in text


@pytest.mark.parametrize("path", ["/audit", "/quality", "/sessions", "/dead", "/live", "/sessions/one", "/trace"])
@pytest.mark.asyncio(loop_scope="module")
async def test_an_address_that_means_nothing_is_told_as_words(browser: Browser, path: str) -> None:
    names = ("behind", "period", "sort", "since", "rows", "kind", "key", "platform", "after", "limit")
    answer = await browser.client.get(path, params=dict.fromkeys(names, WORD))
    assert answer.status in (200, 400, 404)
    check(await answer.text())


@pytest.mark.asyncio
async def test_the_words_of_who_does_not_answer_are_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = fake_desk(tmp_path)

    async def away(_: object) -> None:
        raise AwayError(WORD)

    monkeypatch.setattr(desk.ledger, "ask", away)
    async with console(desk) as browser:
        await browser.login("viewer")
        answer = await browser.get("/live")
        assert answer.status == 503
        check(await answer.text())


def test_every_text_of_an_answer_is_the_word() -> None:
    assert made(SessionList).rows[0].session_id == WORD
