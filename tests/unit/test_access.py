"""Who sent a request: passes between roles, and names with passwords at workers' views."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import msgspec
import pytest

from agents.access import guard, passes
from agents.access.guard import user_of
from agents.access.passes import SCHEME, SKEW_S, VALID_S, check, issue
from agents.access.secret import SecretError, internal_secret, sealed
from agents.access.tries import FREE, Tries
from agents.access.user_file import changing
from agents.access.users import HASHER, User, Users
from streams.settings import Settings, load_settings
from tests.unit.console.desk import PASSWORD, FakeDesk, fake_desk, password_hash

NOW_S = 1_764_072_000.0
ADA = User("ada", "operator", ("shop",))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDesk:
    monkeypatch.setattr(guard, "_tries", Tries())
    guard._good.clear()
    return fake_desk(tmp_path)


# -- passes


@pytest.mark.parametrize("user", [ADA, User("bob", "admin"), User("é|:", "viewer", ())])
def test_a_pass_says_for_whom_it_is(desk: FakeDesk, user: User) -> None:
    assert check(desk.settings, issue(desk.settings, user, NOW_S), NOW_S) == user


@pytest.mark.parametrize(
    ("age_s", "good"), [(0, True), (VALID_S, True), (VALID_S + 1, False), (-SKEW_S, True), (-SKEW_S - 1, False)]
)
def test_a_pass_lasts_a_minute(desk: FakeDesk, age_s: float, good: bool) -> None:
    assert (check(desk.settings, issue(desk.settings, ADA, NOW_S), NOW_S + age_s) is not None) == good


@pytest.mark.parametrize("fields", [{"name": "root"}, {"role": "admin"}, {"tenants": None}])
def test_whoever_changes_a_pass_has_none(desk: FakeDesk, fields: dict[str, object]) -> None:
    payload, _, mac = issue(desk.settings, ADA, NOW_S).removeprefix(SCHEME).partition(".")
    told = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    told["user"].update(fields)
    forged = base64.urlsafe_b64encode(msgspec.json.encode(told)).rstrip(b"=").decode()
    assert check(desk.settings, f"{SCHEME}{forged}.{mac}", NOW_S) is None


def test_a_pass_of_another_site_is_none(desk: FakeDesk, tmp_path: Path) -> None:
    other = load_settings(internal_secret=f"file:{tmp_path / 'other'}")
    assert check(desk.settings, issue(other, ADA, NOW_S), NOW_S) is None


def test_what_is_signed_for_something_else_is_no_pass(desk: FakeDesk) -> None:
    body = msgspec.json.encode({"user": ADA, "from_s": NOW_S})
    header = SCHEME + sealed(internal_secret(desk.settings), "login", body)
    assert check(desk.settings, header, NOW_S) is None


@pytest.mark.parametrize("text", ["", " ", ".", "a.b", "e30.", "é.ü", "=.=", "a" * 10_000, "\ud800.\ud800"])
@pytest.mark.parametrize("scheme", [SCHEME, "", "Bearer ", "capi "])
def test_garbage_is_no_pass(desk: FakeDesk, scheme: str, text: str) -> None:
    assert check(desk.settings, scheme + text, NOW_S) is None


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"user":"ada","from_s":1}', b"not JSON", b"\xff"])
def test_a_pass_of_another_release_is_none(desk: FakeDesk, body: bytes) -> None:
    header = SCHEME + sealed(internal_secret(desk.settings), passes.PURPOSE, body)
    assert check(desk.settings, header, NOW_S) is None


def test_a_short_secret_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("x" * 31)
    with pytest.raises(SecretError, match="shorter than 32"):
        issue(load_settings(internal_secret=f"file:{tmp_path / 'short'}"), ADA, NOW_S)


# -- name and password


def basic(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


async def who(desk: FakeDesk, headers: dict[str, str]) -> User | None:
    settings: Settings = desk.settings
    return await user_of(settings, desk.users, headers)


async def test_a_role_comes_with_a_pass(desk: FakeDesk) -> None:
    assert await who(desk, {"Authorization": issue(desk.settings, ADA, time.time())}) == ADA


async def test_a_person_comes_with_name_and_password(desk: FakeDesk) -> None:
    assert await who(desk, basic("shop-viewer")) == User("shop-viewer", "viewer", ("shop",))


@pytest.mark.parametrize("headers", [basic("viewer", "wrong"), basic("viewer", ""), basic("nobody"), basic("")])
async def test_a_wrong_password_and_an_unknown_name_are_nobody(desk: FakeDesk, headers: dict[str, str]) -> None:
    assert await who(desk, headers) is None


@pytest.mark.parametrize("value", ["", "Basic", "Basic ", "Basic %%%", "Basic /w==", "Basic dmlld2Vy", "Digest x"])
async def test_garbage_is_nobody(desk: FakeDesk, value: str) -> None:
    assert await who(desk, {"Authorization": value} if value else {}) is None


class Counting(Users):
    """Counts the passwords that were checked."""

    checked = 0

    def check(self, name: str, password: str) -> User | None:
        self.checked += 1
        return super().check(name, password)


async def test_a_right_password_is_checked_once_a_minute(desk: FakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    users, clock = Counting(desk.settings.console_users), [1_000.0]
    monkeypatch.setattr(guard, "now_s", lambda: clock[0])
    for at_s in (1_000.0, 1_059.0, 1_061.0):
        clock[0] = at_s
        assert await user_of(desk.settings, users, basic("viewer")) is not None
    assert users.checked == 2


@pytest.mark.parametrize("change", ["password", "gone", "role"])
async def test_a_change_of_the_user_counts_at_once(desk: FakeDesk, change: str) -> None:
    assert await who(desk, basic("viewer")) is not None
    with changing(desk.settings.console_users) as accounts:
        old = accounts.pop("viewer")
        if change == "password":
            accounts["viewer"] = msgspec.structs.replace(old, password=HASHER.hash("another password"))
        if change == "role":
            accounts["viewer"] = msgspec.structs.replace(old, role="admin")
    found = await who(desk, basic("viewer"))
    assert found == (User("viewer", "admin") if change == "role" else None)


async def test_guessing_is_stopped_for_the_name_only(desk: FakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000.0]
    monkeypatch.setattr(guard, "now_s", lambda: clock[0])
    for _ in range(FREE):
        assert await who(desk, basic("viewer", "wrong")) is None
    assert await who(desk, basic("viewer")) is None
    assert await who(desk, basic("admin")) is not None
    clock[0] += 1
    assert await who(desk, basic("viewer")) is not None


async def test_without_a_password_nobody_comes_in_by_one(desk: FakeDesk) -> None:
    with changing(desk.settings.console_users) as accounts:
        accounts["ada"] = msgspec.structs.replace(accounts["viewer"], password="")
        accounts["odd"] = msgspec.structs.replace(accounts["viewer"], password=password_hash()[:-40])
    assert await who(desk, basic("ada", "")) is None
    assert await who(desk, basic("odd")) is None
