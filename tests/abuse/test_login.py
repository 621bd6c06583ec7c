"""The console's login over a real socket: guessing, forged cookies, planted logins, forms of other sites."""

from __future__ import annotations

import base64
import json

import pytest

from agents.access.secret import sealed
from tests.abuse.people import BEFORE, COOKIE, cookie_of, csrf, login, visitor
from tests.abuse.world import World

pytestmark = pytest.mark.stack

HERE = (200, 503)  # for who is logged in; 503 while the ledger begins


async def is_in(world: World, cookies: dict[str, str]) -> bool:
    async with visitor(world, cookies) as client:
        return (await client.get("/live")).status_code in HERE


def payload(cookie: str) -> dict[str, object]:
    body = cookie.partition(".")[0]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def packed(value: dict[str, object], mac: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode() + "." + mac


async def test_a_cookie_that_was_changed_is_none(world: World) -> None:
    good = await cookie_of(world, "shop-viewer")
    assert await is_in(world, {COOKIE: good})
    body, _, mac = good.partition(".")
    admin = payload(good) | {"name": "all-admin"}
    secret = (world.folder / "internal.secret").read_bytes()
    for forged in (
        packed(admin, mac),
        packed(payload(good) | {"from_s": 9e9, "seen_s": 9e9}, mac),
        packed(admin, ""),
        f"{body}.",
        body,
        f".{mac}",
        f"{body}.{mac[:-1]}",
        f"{body}.{mac}.{mac}",
        f"{body[:-1]}{'A' if body[-1] != 'A' else 'B'}.{mac}",
        sealed(b"0" * 64, "login", json.dumps(payload(good)).encode()),  # another site's secret
        sealed(secret, "before login", json.dumps(payload(good)).encode()),  # ours, for another purpose
        sealed(
            secret, "pass", json.dumps({"user": {"name": "all-admin", "role": "admin"}, "from_s": 9e9}).encode()
        ),
        "A" * 4_000,
    ):
        assert not await is_in(world, {COOKIE: forged}), forged[:80]


async def test_what_comes_before_a_login_is_no_login(world: World) -> None:
    async with visitor(world) as client:
        await client.get("/login")
        before = str(client.cookies[BEFORE])
    assert not await is_in(world, {COOKIE: before})


async def test_a_login_planted_by_somebody_else_is_replaced(world: World) -> None:
    planted = await cookie_of(world, "other-viewer")
    async with visitor(world, {COOKIE: planted}) as client:
        assert (await client.get("/live")).status_code in HERE
        await client.post("/logout", data={"csrf": await csrf(client, "/live")})
        answer = await login(client, "shop-viewer")
        assert answer.status_code == 303
        assert answer.cookies[COOKIE] != planted
    assert not await is_in(world, {COOKIE: planted}), "a login that was ended counts no more"


async def test_a_form_of_another_site_does_nothing(world: World) -> None:
    """With the login's cookie, as a browser would send it along."""
    async with visitor(world, {COOKIE: await cookie_of(world, "all-admin")}) as client:
        token = await csrf(client, "/destinations")
        form = {"platform": "meta", "pixel": "1111111111", "why": "x", "csrf": token}
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": client.base_url.host},
            {"Origin": f"http://{client.base_url.host}.evil.example"},
            {"Origin": f"http://evil.example/?{client.base_url.host}:{client.base_url.port}"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {
                "Origin": "https://evil.example",
                "X-Forwarded-Host": "evil.example",
                "Host": str(client.base_url.host),
            },
        ):
            assert (await client.post("/destinations/pause", data=form, headers=headers)).status_code == 403, (
                headers
            )
        for wrong in ("", "x", token[:-1], token + "x", await _token_of_another(world)):
            answer = await client.post("/destinations/pause", data=form | {"csrf": wrong})
            assert answer.status_code == 403
        assert (await client.get("/destinations/pause", params=form)).status_code in (404, 405)
        body = json.dumps(form)
        answer = await client.post("/destinations/pause", content=body, headers={"Content-Type": "text/plain"})
        assert answer.status_code == 415, "what a form can send without asking first"


async def _token_of_another(world: World) -> str:
    async with visitor(world, {COOKIE: await cookie_of(world, "all-operator")}) as client:
        return await csrf(client, "/destinations")


async def test_guessing_locks_the_name_also_for_who_is_right_and_forged_addresses_do_not_help(
    world: World,
) -> None:
    """Behind no proxy that is trusted, X-Forwarded-For says nothing. Then the address is locked as well."""
    async with visitor(world) as client:
        statuses = []
        for number in range(7):
            client.headers["X-Forwarded-For"] = f"203.0.113.{number}"
            statuses.append((await login(client, "locked", f"guess {number}")).status_code)
        assert statuses[:5] == [401] * 5
        assert 429 in statuses[5:]
        for name in ("locked", "shop-viewer"):
            answer = await login(client, name)
            assert (answer.status_code, COOKIE in client.cookies) in ((429, False),)
            assert int(answer.headers["Retry-After"]) >= 1
