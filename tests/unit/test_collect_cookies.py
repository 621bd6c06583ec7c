"""Cookies in the answers to browsers: whose, for how long, and when none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.collect.cookies import Jar, jar_of
from streams.identity.hashes import sha256_hex
from streams.tenants import PublishableKey
from tests.unit.collecting import LEAST, OTHER_KEY, Collector, collect_settings, collecting

FBP, FBC = "fb.1.1794990000000.7", "fb.1.1794990000000.AbC"
OWN = "0b5a2e6e-6f0c-4e0e-9c5b-6a0a3f6d9c11"
HERE: dict[str, Any] = {"host": "shop.example"}
THERE: dict[str, Any] = {"host": "other.example", "origin": "https://other.example", "key": OTHER_KEY}


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Collector]:
    async with collecting(collect_settings(tmp_path)) as collector:
        yield collector


def cookies(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line in answer.headers.get_list("set-cookie"):
        for name, morsel in SimpleCookie(line).items():
            found[name] = {"value": morsel.value} | {key: value for key, value in morsel.items() if value}
    return found


async def test_ids_that_the_event_carried_are_set_for_longer_and_the_visitor_s_own_too(door: Collector) -> None:
    answer = await door.page(LEAST | {"user_data": {"fbc": FBC}}, cookie=f"_fbp={FBP}; _ttp=tt", **HERE)
    found = cookies(answer)
    assert set(found) == {"_capi_id", "_fbp", "_fbc", "_ttp"}
    assert found["_fbp"] == {"value": FBP, "max-age": "7776000", "path": "/", "samesite": "Lax"}
    assert (found["_fbc"]["value"], found["_ttp"]["value"]) == (FBC, "tt")
    assert (found["_capi_id"]["httponly"], found["_capi_id"]["max-age"]) == (True, str(400 * 86_400))


async def test_a_known_visitor_keeps_the_id_and_nonsense_is_replaced(door: Collector) -> None:
    assert cookies(await door.page(LEAST, cookie=f"_capi_id={OWN}", **HERE))["_capi_id"]["value"] == OWN
    assert cookies(await door.page(LEAST, cookie="_capi_id=nonsense", **HERE))["_capi_id"]["value"] != "nonsense"


@pytest.mark.parametrize("consent", ["granted", "limited", None, "denied", "unreadable"])
async def test_consent_decides_at_a_tenant_that_asks_nobody(door: Collector, consent: str | None) -> None:
    found = cookies(await door.page(LEAST, LEAST | {"consent": consent}, **HERE))
    assert bool(found) == (consent not in ("denied", "unreadable"))


@pytest.mark.parametrize(("consent", "kept"), [("granted", True), ("limited", True), (None, False)])
async def test_where_denied_is_the_default_it_has_to_be_granted(
    door: Collector, consent: str | None, kept: bool
) -> None:
    assert bool(cookies(await door.page(LEAST | {"consent": consent}, **THERE))) == kept


async def test_a_denial_takes_back_what_came_with_it_and_sets_nothing(door: Collector) -> None:
    answer = await door.page(LEAST | {"consent": "denied"}, cookie=f"_capi_id={OWN}; _fbp={FBP}; cart=1", **HERE)
    found = cookies(answer)
    assert set(found) == {"_capi_id", "_fbp"}
    assert {one["max-age"] for one in found.values()} == {"0"}


async def test_a_third_party_s_answers_set_nothing(door: Collector) -> None:
    assert not cookies(await door.page(LEAST, cookie=f"_fbp={FBP}", host="collect.example"))


async def test_the_visitor_s_id_is_an_external_id_only_where_the_tenant_wants_it(door: Collector) -> None:
    await door.page(LEAST, cookie=f"_capi_id={OWN}", **HERE)
    await door.page(
        LEAST | {"consent": "granted", "user_data": {"external_id": "u-1"}}, cookie=f"_capi_id={OWN}", **THERE
    )
    first, second = door.kept.events
    assert first.user.external_id == ()
    assert second.user.external_id == (sha256_hex("u-1"), sha256_hex(OWN))


@pytest.mark.parametrize(
    ("domain", "host", "origin", "wanted"),
    [
        ("", "shop.example:8090", "https://shop.example", Jar("", True)),
        ("", "c.shop.example", "https://shop.example", None),
        ("shop.example", "c.shop.example", "https://www.shop.example", Jar("shop.example", True)),
        ("shop.example", "shop.example", "https://shop.example", Jar("shop.example", True)),
        ("shop.example", "c.shop.example", "https://evilshop.example", None),
        ("shop.example", "collect.example", "https://shop.example", None),
        ("", "", "https://shop.example", None),
        ("", "[", "https://shop.example", None),
    ],
)
def test_where_cookies_belong(domain: str, host: str, origin: str, wanted: Jar | None) -> None:
    key = PublishableKey(id="pk_12345678", origins=(origin,), cookie_domain=domain)
    assert jar_of(key, host, origin, True) == wanted


def test_a_key_may_want_none() -> None:
    key = PublishableKey(id="pk_12345678", origins=("https://shop.example",), cookies=False)
    assert jar_of(key, "shop.example", "https://shop.example", True) is None
