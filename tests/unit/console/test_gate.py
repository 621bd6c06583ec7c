"""Who may do what, over every page and action there is; the headers; what is not told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from agents.access.users import ROLES
from agents.console import app
from agents.console.gate import HEADERS
from agents.console.pages import ENTRIES, Entry
from tests.unit.console.desk import Browser, FakeDesk, FakeLedger, console, fake_desk

assert app
PAGES = [entry for entry in ENTRIES if entry.method == "GET"]
ACTIONS = [entry for entry in ENTRIES if entry.method == "POST"]
NAMES = [*ROLES, *(f"shop-{role}" for role in ROLES)]


def named(entry: Entry) -> str:
    return f"{entry.method} {entry.path}"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> FakeDesk:
    return fake_desk(tmp_path_factory.mktemp("console"), rabbitmq_management_url="http://127.0.0.1:9")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browsers(desk: FakeDesk) -> AsyncIterator[dict[str, Browser]]:
    """One of each user, logged in, and `nobody`."""
    async with AsyncExitStack() as open_ones:
        found = {name: await open_ones.enter_async_context(console(desk)) for name in ("nobody", *NAMES)}
        for name in NAMES:
            assert (await found[name].login(name)).status == 303
            await found[name].get("/live")
        yield found


def may(name: str, entry: Entry) -> bool:
    return [str(role) for role in ROLES].index(name.rpartition("-")[2]) >= ROLES.index(entry.role)


def test_there_are_pages_and_actions_of_every_kind() -> None:
    assert len(PAGES) >= 8
    assert len(ACTIONS) >= 5
    assert {entry.path for entry in PAGES} >= {
        "/",
        "/live",
        "/trace",
        "/destinations",
        "/dead",
        "/quality",
        "/audit",
    }


@pytest.mark.parametrize("entry", PAGES, ids=named)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_page_is_for_its_roles(entry: Entry, browsers: dict[str, Browser]) -> None:
    for name in NAMES:
        answer = await browsers[name].get(entry.path)
        assert (answer.status != 403) == may(name, entry), (name, answer.status)
        assert answer.status in (200, 303, 403, 404, 503), (name, answer.status)
        assert answer.headers.get("Location", "").startswith("/login") is False


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
@pytest.mark.asyncio(loop_scope="module")
async def test_nobody_gets_nothing(entry: Entry, browsers: dict[str, Browser]) -> None:
    nobody = browsers["nobody"]
    if entry.method == "POST":
        assert (await nobody.post(entry.path, {})).status == 401
    else:
        answer = await nobody.get(entry.path)
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/login")
        assert (await nobody.get(entry.path, **{"HX-Request": "true"})).headers["HX-Redirect"] == "/login"


@pytest.mark.parametrize("entry", ACTIONS, ids=named)
@pytest.mark.asyncio(loop_scope="module")
async def test_an_action_wants_its_role_a_token_and_a_form_of_ours(
    entry: Entry, browsers: dict[str, Browser], desk: FakeDesk
) -> None:
    before = len(desk.noted)
    for name in NAMES:
        browser = browsers[name]
        for headers, csrf in (
            ({}, ""),
            ({}, browsers["nobody"].csrf or "another"),
            ({"Origin": "https://evil.example"}, browser.csrf),
            ({"Origin": "null"}, browser.csrf),
            ({"Sec-Fetch-Site": "cross-site"}, browser.csrf),
        ):
            answer = await browser.post(entry.path, {"csrf": csrf}, **headers)
            assert answer.status == 403, (name, headers)
        if not may(name, entry):
            answer = await browser.post(entry.path, {})
            assert answer.status == 403
            assert f"the role {entry.role}" in await answer.text()
    assert len(desk.noted) == before


@pytest.mark.asyncio(loop_scope="module")
async def test_the_token_of_another_login_is_none(browsers: dict[str, Browser]) -> None:
    assert browsers["operator"].csrf
    assert browsers["operator"].csrf != browsers["admin"].csrf
    answer = await browsers["admin"].post("/destinations/pause", {"csrf": browsers["operator"].csrf})
    assert answer.status == 403


@pytest.mark.parametrize("path", ["/", "/login", "/nothing", "/trace?event_id=x", "/v1/nothing", "/quality.csv"])
@pytest.mark.asyncio(loop_scope="module")
async def test_every_answer_has_the_headers(path: str, browsers: dict[str, Browser]) -> None:
    for name in ("nobody", "viewer", "admin"):
        answer = await browsers[name].get(path)
        assert {key: answer.headers.get(key) for key in HEADERS} == HEADERS
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.asyncio(loop_scope="module")
async def test_a_ledger_that_recovers_is_a_503_that_says_so(browsers: dict[str, Browser], desk: FakeDesk) -> None:
    ledger = desk.ledger
    assert isinstance(ledger, FakeLedger)
    ledger.away = True
    try:
        answer = await browsers["viewer"].get("/live")
    finally:
        ledger.away = False
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Refresh"] == "5", "whoever waits need not ask again"
    assert "Partitions of the ledger are being taken over. Try again" in await answer.text()


@pytest.mark.asyncio(loop_scope="module")
async def test_an_error_of_ours_says_nothing_of_itself(
    browsers: dict[str, Browser], desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: object) -> None:
        raise ValueError("ada@example.com")

    monkeypatch.setattr(desk.ledger, "ask", broken)
    answer = await browsers["viewer"].get("/live")
    assert answer.status == 500
    assert "ada@example.com" not in await answer.text()


@pytest.mark.parametrize(
    "path", ["/static/x/console.css", "/static/0/../app.py", "/static/0/%2e%2e/app.py", "/static/0//etc/passwd"]
)
@pytest.mark.asyncio(loop_scope="module")
async def test_only_the_files_there_are_are_served(path: str, browsers: dict[str, Browser]) -> None:
    assert (await browsers["nobody"].get(path)).status == 404


@pytest.mark.asyncio(loop_scope="module")
async def test_a_file_has_its_digest_in_the_address_and_may_be_kept(browsers: dict[str, Browser]) -> None:
    page = await (await browsers["nobody"].get("/login")).text()
    addresses = [part.split('"')[0] for part in page.split('="') if part.startswith("/static/")]
    assert len(addresses) >= 6
    for address in addresses:
        answer = await browsers["nobody"].get(address)
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.asyncio(loop_scope="module")
async def test_no_page_has_a_script_or_style_of_its_own(browsers: dict[str, Browser]) -> None:
    for entry in PAGES:
        answer = await browsers["admin"].get(entry.path)
        if answer.content_type == "text/html" and answer.status == 200:
            text = await answer.text()
            assert "<style" not in text
            assert " style=" not in text
            assert "<script>" not in text
            assert not any(f" on{name}=" in text for name in ("click", "load", "submit", "change", "error"))


def test_the_folder_is_all_that_is_needed(desk: FakeDesk, tmp_path: Path) -> None:
    secret = Path(desk.settings.internal_secret.removeprefix("file:"))
    assert secret.stat().st_mode & 0o777 == 0o600
    assert desk.settings.console_users.stat().st_mode & 0o777 == 0o600
