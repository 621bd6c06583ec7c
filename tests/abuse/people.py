"""People at the console of the abuse tests: who has an account is named `<scope>-<role>`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.abuse.world import World
from tests.unit.console.desk import PASSWORD

COOKIE, BEFORE = "capi_console", "capi_before"


@asynccontextmanager
async def visitor(world: World, cookies: dict[str, str] | None = None) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=world.doors["console"].url, timeout=20, cookies=cookies, verify=False
    ) as client:
        yield client


async def csrf(client: httpx.AsyncClient, path: str) -> str:
    """The token of a page's forms."""
    text = (await client.get(path)).text
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found, text
    return found[1]


async def login(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> httpx.Response:
    form = {"csrf": await csrf(client, "/login"), "name": name, "password": password}
    return await client.post("/login", data=form)


async def cookie_of(world: World, name: str) -> str:
    """Of a login. Waits when somebody has guessed from this address before."""
    async with visitor(world) as client:
        while (answer := await login(client, name)).status_code == 429:
            await asyncio.sleep(int(answer.headers["Retry-After"]))
        assert answer.status_code == 303
        return str(client.cookies[COOKIE])
