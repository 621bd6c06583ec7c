"""Logging in and out: fixation, guessing, what ends a login, the trusted proxy, the first start."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import msgspec
import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from agents.access import users
from agents.access.secret import internal_secret, sealed
from agents.access.user_file import changing
from agents.access.users import HASHER, Account
from agents.console import entrance
from agents.console.entrance import own_path
from agents.console.logins import BEFORE, PURPOSE, Logins
from tests.unit.console.desk import PASSWORD, Browser, FakeDesk, console, fake_desk, password_hash


@pytest.fixture
def desk(tmp_path: Path) -> FakeDesk:
    return fake_desk(tmp_path)


class Counting(PasswordHasher):
    """Writes down what argon2 is made to do, and at which cost."""

    work: ClassVar[list[tuple[str, Parameters]]] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.work.append(("verify", extract_parameters(str(hash))))
        return super().verify(hash, password)

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.work.append(("hash", RFC_9106_LOW_MEMORY))
        return super().hash(password, salt=salt)


async def is_in(browser: Browser) -> bool:
    return (await browser.get("/live")).status == 200


async def test_the_cookie_is_for_the_server_only(desk: FakeDesk) -> None:
    async with console(desk) as browser:
        answer = await browser.login("viewer")
        cookie = answer.headers.getall("Set-Cookie")[0]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


async def test_over_https_it_is_secure(tmp_path: Path) -> None:
    async with console(fake_desk(tmp_path, console_secure=True)) as browser:
        answer = await browser.get("/login")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert "Secure" in cookie.split("; ")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


async def test_a_login_is_new_whatever_the_browser_brought(desk: FakeDesk) -> None:
    async with console(desk) as browser:
        await browser.login("viewer")
        first = browser.cookies()["capi_console"]
        await browser.get("/live")
        second = await browser.post("/login", {"name": "admin", "password": PASSWORD})
        assert second.status == 303
        assert browser.cookies()["capi_console"] != first
        browser.client.session.cookie_jar.clear()
        browser.client.session.cookie_jar.update_cookies({"capi_console": "planted.cookie"})
        assert not await is_in(browser)
        await browser.login("viewer")
        assert browser.cookies()["capi_console"] not in (first, "planted.cookie")


async def test_logout_ends_a_login_also_for_who_kept_the_cookie(desk: FakeDesk) -> None:
    async with console(desk) as browser:
        await browser.login("viewer")
        kept = browser.cookies()["capi_console"]
        assert await is_in(browser)
        assert (await browser.post("/logout", {"csrf": "wrong"})).status == 403
        assert (await browser.post("/logout", {})).status == 303
        assert "capi_console" not in browser.cookies()
        browser.client.session.cookie_jar.update_cookies({"capi_console": kept})
        assert not await is_in(browser)


async def test_a_new_login_ends_the_one_before(desk: FakeDesk) -> None:
    async with console(desk) as browser:
        await browser.login("viewer")
        kept = browser.cookies()["capi_console"]
        await browser.get("/live")
        assert (await browser.post("/login", {"name": "admin", "password": "wrong"})).status == 401
        assert await is_in(browser)
        assert (await browser.post("/login", {"name": "admin", "password": PASSWORD})).status == 303
        assert await is_in(browser)
        browser.client.session.cookie_jar.clear()
        browser.client.session.cookie_jar.update_cookies({"capi_console": kept})
        assert not await is_in(browser)


@pytest.mark.parametrize("change", ["password", "role", "tenants", "gone"])
async def test_a_change_of_the_user_ends_the_login(desk: FakeDesk, change: str) -> None:
    async with console(desk) as browser:
        await browser.login("viewer")
        assert await is_in(browser)
        with changing(desk.settings.console_users) as accounts:
            old = accounts.pop("viewer")
            if change == "password":
                accounts["viewer"] = msgspec.structs.replace(old, password=password_hash() + "x")
            if change == "role":
                accounts["viewer"] = msgspec.structs.replace(old, role="marketer")
            if change == "tenants":
                accounts["viewer"] = msgspec.structs.replace(old, tenants=("shop",))
        assert not await is_in(browser)


@pytest.mark.parametrize(
    ("whole_s", "idle_s", "lasts"), [(90.0, 0.0, True), (101.0, 0.0, False), (30.0, 26.0, False)]
)
async def test_a_login_ends_with_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole_s: float, idle_s: float, lasts: bool
) -> None:
    desk = fake_desk(tmp_path, console_session_s=100)
    read = Logins.read

    def older(self: Logins, request: object, now_s: float) -> object:
        monkeypatch.setattr(msgspec.json, "decode", lambda body, type: _aged(decode(body, type=type)))
        try:
            return read(self, request, now_s)  # type: ignore[arg-type]
        finally:
            monkeypatch.setattr(msgspec.json, "decode", decode)

    decode = msgspec.json.decode

    def _aged(login: object) -> object:
        return msgspec.structs.replace(
            login,  # type: ignore[type-var]
            from_s=login.from_s - whole_s,  # type: ignore[attr-defined]
            seen_s=login.seen_s - idle_s,  # type: ignore[attr-defined]
        )

    monkeypatch.setattr(Logins, "read", older)
    async with console(desk) as browser:
        await browser.login("viewer")
        assert await is_in(browser) == lasts


async def test_guessing_costs_more_and_more_time(desk: FakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000.0]
    monkeypatch.setattr(entrance, "now_s", lambda: clock[0])
    async with console(desk) as browser:
        assert [(await browser.login("viewer", "wrong")).status for _ in range(6)] == [401] * 5 + [429]
        waits = []
        for _ in range(4):
            answer = await browser.login("viewer", "wrong")
            waits.append(int(answer.headers["Retry-After"]))
            clock[0] += waits[-1]
            assert (await browser.login("viewer", "wrong")).status == 401
        assert waits == [1, 2, 4, 8]
        assert (await browser.login("viewer", PASSWORD)).status == 429  # also with the right one
        assert (await browser.login("admin", PASSWORD)).status == 429  # the address's
        clock[0] += 16
        assert (await browser.login("viewer", PASSWORD)).status == 303
        await browser.get("/live")
        assert (await browser.post("/logout", {})).status == 303
        assert (await browser.login("viewer", "wrong")).status == 401  # counted anew


async def test_an_unknown_name_is_told_like_a_wrong_password(desk: FakeDesk) -> None:
    async with console(desk) as browser:
        texts = []
        for name in ("viewer", "stranger"):
            answer = await browser.login(name, "wrong")
            texts.append((await answer.text()).replace(browser.csrf, ""))
            assert answer.status == 401
    assert texts[0] == texts[1]


async def test_an_unknown_name_costs_the_same_work_as_a_known_one(
    desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting()
    monkeypatch.setattr(users, "HASHER", counting)
    with changing(desk.settings.console_users) as accounts:
        accounts["ada"] = Account("viewer", HASHER.hash("another password"))
        accounts["proxied"] = Account("viewer")
    async with console(desk) as browser:
        for name in ("ada", "stranger", "", "proxied"):
            counting.work.clear()
            assert (await browser.login(name)).status == 401
            assert counting.work == [("verify", RFC_9106_LOW_MEMORY)], name


@pytest.mark.parametrize("purpose", [PURPOSE, BEFORE])
@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"name":"viewer"}', b'{"name":7,"version":"","ident":"","from_s":0,"seen_s":0}', b"\xff", b""],
)
async def test_a_cookie_of_another_release_leads_to_the_login(desk: FakeDesk, purpose: str, body: bytes) -> None:
    name = {PURPOSE: "capi_console", BEFORE: "capi_before"}[purpose]
    planted = sealed(internal_secret(desk.settings), purpose, body)
    async with console(desk) as browser:
        browser.client.session.cookie_jar.update_cookies({name: planted})
        answer = await browser.get("/live")
        assert (answer.status, answer.headers["Location"]) == (303, "/login?next=/live")
        assert (await browser.login("viewer")).status == 303
        assert await is_in(browser)


async def test_a_login_form_of_another_browser_is_refused(desk: FakeDesk) -> None:
    async with console(desk) as one, console(desk) as other:
        await one.get("/login")
        await other.get("/login")
        form = {"name": "viewer", "password": PASSWORD, "csrf": one.csrf}
        assert (await other.post("/login", form)).status == 403


async def test_logins_are_in_the_audit(desk: FakeDesk) -> None:
    async with console(desk) as browser:
        await browser.login("viewer")
        await browser.get("/live")
        await browser.post("/logout", {})
    assert [(note.who, note.what) for note in desk.noted] == [("viewer", "login"), ("viewer", "logout")]


async def test_without_users_the_page_says_how_to_make_one(tmp_path: Path) -> None:
    async with console(fake_desk(tmp_path, nobody=True)) as browser:
        assert "capi users add" in await (await browser.get("/login")).text()
        assert (await browser.login("ada")).status == 401


async def test_a_trusted_proxy_names_the_user(tmp_path: Path) -> None:
    desk = fake_desk(tmp_path, console_user_header="X-User", console_trusted_proxies="127.0.0.0/8")
    with changing(desk.settings.console_users) as accounts:
        accounts["ada"] = Account("operator", "", ("shop",))
    async with console(desk) as browser:
        answer = await browser.get("/live", **{"X-User": "ada"})
        assert answer.status == 200
        assert "operator" in await answer.text()
        assert (await browser.get("/live", **{"X-User": "stranger"})).status == 403
        assert (await browser.get("/live")).status == 403
        assert (await browser.post("/destinations/pause", {"csrf": "no"}, **{"X-User": "ada"})).status == 403
        await browser.get("/destinations", **{"X-User": "ada"})
        assert (await browser.post("/destinations/pause", {}, **{"X-User": "ada"})).status == 404  # which pixel


@pytest.mark.parametrize("proxies", ["", "192.0.2.0/24"])
async def test_from_anybody_else_the_header_says_nothing(tmp_path: Path, proxies: str) -> None:
    desk = fake_desk(tmp_path, console_user_header="X-User", console_trusted_proxies=proxies)
    async with console(desk) as browser:
        assert (await browser.get("/live", **{"X-User": "admin"})).status == 303


@pytest.mark.parametrize(
    "text", ["https://evil.example", "//evil.example", "/\\evil.example", "", "trace", "/login", "/a\r\nB: c"]
)
def test_after_the_login_only_paths_of_the_console_follow(text: str) -> None:
    assert own_path(text) == "/"


def test_the_page_that_was_wanted_follows() -> None:
    assert own_path("/trace?event_id=order-1") == "/trace?event_id=order-1"
