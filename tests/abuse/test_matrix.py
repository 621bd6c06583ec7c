"""Every route of every door, asked about each tenant by a user of that tenant, of the other, of none and of all.

Nobody gets a word of a tenant that they do not see, and what they do to it does nothing; those who may, get it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from agents.access.passes import issue
from agents.access.users import User
from agents.ledger_web import PATH
from streams.events import decode_event
from streams.signing import signed_headers
from tests.abuse import routes
from tests.abuse.people import COOKIE, cookie_of, csrf, visitor
from tests.abuse.routes import Ask, Seed
from tests.abuse.world import OTHER_SIGNER, SCOPES, World
from tests.kafka import read_all
from tests.unit.collecting import AGENT, KEY, PAGE, SECRET, SIGNER

pytestmark = [pytest.mark.stack, pytest.mark.asyncio(loop_scope="module")]
TENANTS = ("shop", "other")
BY_CONSOLE, BY_LEDGER, BY_VIEWS = "console", "ledger", "views"
Asking = Callable[[str, str, Ask], Awaitable[httpx.Response]]


def seed(tenant: str) -> Seed:
    def text(kind: str) -> str:
        return f"{kind}-{secrets.token_hex(6)}"

    return Seed(tenant, text("visit"), text("event"), f"Name{secrets.token_hex(6)}", text("order"), text("ended"))


async def send(world: World, tenant: str, *events: Mapping[str, Any]) -> httpx.Response:
    key, secret = {"shop": (SIGNER, SECRET), "other": (OTHER_SIGNER, world.site.env["OTHER_SECRET"])}[tenant]
    body = msgspec.json.encode(events)
    headers = signed_headers([secret], secrets.token_hex(8), int(time.time()), body)
    headers |= {"X-Capi-Key": key, "Content-Type": "application/json"}
    async with httpx.AsyncClient(timeout=20, verify=False) as client:
        return await client.post(f"{world.doors['plain'].url}/v1/events", content=body, headers=headers)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seeds(world: World) -> dict[str, Seed]:
    """Of each tenant a visit that is open, an order that has left, and a reject; known to whom they are to be."""
    found = {tenant: seed(tenant) for tenant in TENANTS}
    for tenant, one in found.items():
        who = {"user_data": {"client_ip": "198.51.100.7", "client_user_agent": AGENT}}
        order = {"event_name": "Purchase", "event_id": one.order, "session_id": one.order_session}
        order |= {"event_source_url": f"{PAGE}/thanks"}
        money = {"custom_data": {"value": 1, "currency": "EUR"}}
        held = {"event_name": one.name, "event_id": one.event, "session_id": one.session}
        answer = await send(world, tenant, held | who, order | money | who, held | {"timestamp": "never"})
        assert (answer.json()["accepted"], answer.json()["rejected"]) == (2, 1), answer.text
    deadline = time.monotonic() + 60
    while missing := await unknown(world, found):
        assert time.monotonic() < deadline, missing
        await asyncio.sleep(0.5)
    return found


async def unknown(world: World, found: Mapping[str, Seed]) -> list[str]:
    """What whoever sees all does not find yet."""
    missing = []
    for ask, table in (
        (await ledger_of(world, "all"), routes.ledger),
        (await views_of(world, "all"), routes.views),
    ):
        for tenant in TENANTS:
            for (method, path), asks in table(found[tenant]).items():
                for one in (each for each in asks if each.marks):
                    text = (await ask(method, path, one)).text
                    missing += [f"{path} {one.body}" for mark in one.marks if mark not in text]
    return missing


# -- who asks


async def console_of(world: World, scope: str) -> Asking:
    cookie = await cookie_of(world, f"{scope}-admin")
    async with visitor(world, {COOKIE: cookie}) as client:
        token = await csrf(client, "/destinations")

    async def ask(method: str, path: str, one: Ask) -> httpx.Response:
        async with visitor(world, {COOKIE: cookie}) as client:
            form = {**one.form, "csrf": token} if method == "POST" else None
            return await client.request(method, path, params=one.params, data=form)

    return ask


async def ledger_of(world: World, scope: str) -> Asking:
    return _by_pass(world, world.doors["console"].url, scope)


async def views_of(world: World, scope: str) -> Asking:
    return _by_pass(world, world.doors["views"].url, scope)


def _by_pass(world: World, url: str, scope: str) -> Asking:
    user = User(f"{scope}-admin", "admin", SCOPES[scope])

    async def ask(method: str, path: str, one: Ask) -> httpx.Response:
        headers = {"Authorization": issue(world.site.settings, user, time.time())}
        async with httpx.AsyncClient(base_url=url, timeout=20, verify=False) as client:
            return await client.request(
                method, one.path or path, params=one.params, json=one.body, headers=headers
            )

    return ask


Table = Callable[[Seed], Mapping[tuple[str, str], tuple[Ask, ...]]]
DOORS: dict[str, tuple[Callable[[World, str], Awaitable[Asking]], Table]] = {
    BY_CONSOLE: (console_of, routes.console),
    BY_LEDGER: (ledger_of, routes.ledger),
    BY_VIEWS: (views_of, routes.views),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asking(world: World, seeds: dict[str, Seed]) -> AsyncIterator[dict[tuple[str, str], Asking]]:
    yield {(door, scope): await DOORS[door][0](world, scope) for door in DOORS for scope in SCOPES}


# -- the matrix


async def test_no_route_is_without_an_entry(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    one, settings = seed("shop"), world.site.settings
    assert routes.all_console(tmp_path_factory.mktemp("console")) <= set(routes.console(one))
    assert routes.all_views(settings) <= set(routes.views(one))
    assert routes.all_collect(settings) <= set(routes.COLLECT)
    assert {test for test in routes.COLLECT.values() if test} <= {
        *globals(),
        "test_a_certificate_is_good_for_its_own_site_only",
    }


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("door", DOORS)
async def test_nobody_reads_of_a_tenant_that_they_do_not_see(
    asking: Mapping[tuple[str, str], Asking], seeds: Mapping[str, Seed], door: str, tenant: str
) -> None:
    texts = (seeds[tenant].session, seeds[tenant].event, seeds[tenant].name, seeds[tenant].order)
    for (method, path), asks in DOORS[door][1](seeds[tenant]).items():
        for one in (each for each in asks if method == "GET" or each.marks):
            for scope in (scope for scope in SCOPES if scope not in ("all", tenant)):
                answer = await asking[door, scope](method, path, one)
                text = answer.text + answer.headers.get("Location", "")
                asked = repr([one.params, one.body, one.path])
                found = [mark for mark in one.marks if mark in text]
                found += [mark for mark in texts if mark in text and mark not in asked]
                assert (answer.status_code < 500, found) == (True, []), (path, one, scope)


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("door", DOORS)
async def test_those_who_see_a_tenant_get_what_they_ask_for(
    asking: Mapping[tuple[str, str], Asking], seeds: Mapping[str, Seed], door: str, tenant: str
) -> None:
    """So that the matrix cannot be empty: the same questions, the same marks."""
    found = 0
    for (method, path), asks in DOORS[door][1](seeds[tenant]).items():
        for one in asks if path not in ("/dead", "/audit", "/people", "/") else ():
            for scope in (tenant,) if one.marks else ():
                answer = await asking[door, scope](method, path, one)
                text = answer.text + answer.headers.get("Location", "")
                assert [mark for mark in one.marks if mark in text] == list(one.marks), (path, one, scope)
                found += 1
    assert found >= 6


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("door", [BY_CONSOLE, BY_VIEWS])
async def test_what_is_done_to_a_tenant_that_is_not_seen_does_nothing(
    world: World, asking: Mapping[tuple[str, str], Asking], seeds: Mapping[str, Seed], door: str, tenant: str
) -> None:
    for scope in (scope for scope in SCOPES if scope not in ("all", tenant)):
        for (method, path), asks in DOORS[door][1](seeds[tenant]).items():
            for one in asks if method == "POST" else ():
                answer = await asking[door, scope](method, path, one)
                refused = answer.status_code in (400, 403, 404)
                assert refused or (path.startswith("/dead") and answer.status_code in (303, 409)), (path, answer)
    await nothing_was_done(world, seeds[tenant], asking[BY_VIEWS, "all"])


async def nothing_was_done(world: World, one: Seed, ask: Asking) -> None:
    """The visit is open and holds its event; no lane is paused; no note names the tenant but those of its own."""
    listed = routes.views(one)["GET", "/sessions/{key}/"][0]
    view = (await ask("GET", listed.path, listed)).json()
    assert (view["row"]["status"], view["row"]["held"]) == ("open", 1)
    written = await read_all(world.site.settings, world.site.settings.topic("ledger.in"))
    notes = [record.value for record in written if b'"who"' in (record.value or b"")]
    assert not [note for note in notes if one.session.encode() in note or one.order.encode() in note]
    platform, pixel = routes.PIXELS[one.tenant]
    assert not [note for note in notes if f"{platform} {pixel}".encode() in note]


async def test_a_question_of_the_ledger_cannot_widen_its_scope(world: World) -> None:
    """By a pass that was changed, by `local`, by tenants of all spellings."""
    ask = await ledger_of(world, "shop")
    for tenants in (None, ["other"], ["shop", "other"], ["*"], [""], ["shop|other"]):
        body = {"ask": "counts", "since_ms": 0, "tenants": tenants}
        for params in ({}, {"local": "1"}):
            assert '"other"' not in (await ask("POST", PATH, Ask(body=body, params=params))).text
    good = issue(world.site.settings, User("x", "viewer", ("shop",)), time.time())
    wide = issue(world.site.settings, User("x", "viewer", None), time.time())
    async with httpx.AsyncClient(timeout=20, verify=False) as client:
        for header in (
            wide.partition(".")[0] + "." + good.partition(".")[2],
            good[:-2],
            good.replace("Capi ", "Bearer "),
            good + ".x",
            issue(world.site.settings, User("x", "admin"), time.time() - 61),
            issue(world.site.settings, User("x", "admin"), time.time() + 61),
        ):
            for url in (world.doors["console"].url + PATH, world.doors["views"].url + "/sessions/"):
                headers = {"Authorization": header}
                answers = await asyncio.gather(client.post(url, headers=headers), client.get(url, headers=headers))
                assert {answer.status_code for answer in answers} <= {303, 401, 404, 405}


# -- the collector's doors


async def test_an_event_is_of_its_key_s_tenant_whatever_it_says(world: World) -> None:
    one = seed("other")
    event = {"event_name": one.name, "session_id": one.session, "event_id": one.event, "tenant": "other"}
    page = {"Content-Type": "text/plain", "Origin": PAGE, "User-Agent": AGENT}
    body = msgspec.json.encode({"key": KEY, "events": [event], "tenant": "other"})
    async with httpx.AsyncClient(timeout=20, verify=False) as client:
        await client.post(f"{world.doors['plain'].url}/v1/events", content=body, headers=page)
    await send(world, "shop", event)
    written = await read_all(world.site.settings, world.site.settings.topic("sessions.in"))
    own = [decode_event(record.value) for record in written if one.session.encode() in (record.value or b"")]
    assert {event.tenant for event in own} <= {"shop"}
    assert {record.key for record in written if one.session.encode() in (record.key or b"")} <= {
        f"shop|{one.session}".encode()
    }


async def test_a_site_sends_for_its_own_tenants_only(world: World) -> None:
    """The batch says whose it is in three places; each may lie."""
    door, now_ms = world.doors["tls"], int(time.time() * 1000)
    assert door.tls
    event = {"type": "event", "event_id": "e", "event_name": "View", "event_time_ms": now_ms, "session_id": "s"}
    batch = {"batch_id": "b", "session_id": "s", "reason": "idle", "partition": 0, "first_offset": 0}
    batch |= {"opened_at_ms": now_ms, "flushed_at_ms": now_ms}
    async with httpx.AsyncClient(verify=door.tls, timeout=20) as client:
        for outer, inner, status in (("other", "other", 403), ("shop", "other", 422), ("other", "shop", 403)):
            made = batch | {"tenant": outer, "events": [{"event": event | {"tenant": inner}}]}
            body = msgspec.json.encode(made)
            headers = {"X-Capi-Site": "berlin"} | signed_headers([SECRET], "b", int(time.time()), body)
            answer = await client.post(f"{door.url}/v1/batches", content=body, headers=headers)
            assert answer.status_code == status, answer.text
