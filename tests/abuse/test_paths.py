"""Paths that lead out of where files are served from, in every spelling, at every door."""

from __future__ import annotations

import re

import pytest

from tests.abuse.raw import Door, request, tell
from tests.abuse.world import World

pytestmark = pytest.mark.stack

UP = (
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "%252e%252e%252f",
    "..%5c",
    "..\\",
    "..;/",
    "%c0%ae%c0%ae/",
    "....//",
)
FILES = ("etc/passwd", "pyproject.toml", "app.py", "internal.secret")
BELOW = {
    "plain": ("/", "/demo/", "/capi.js/", "/v1/"),
    "tls": ("/", "/demo/"),
    "console": ("/static/", "/static/0/", "/static/{digest}/", "/static/{digest}/vendor/"),
    "views": ("/", "/sessions/"),
    "metrics": ("/", "/metrics/"),
}
ODD = (
    "/etc/passwd",
    "//etc/passwd",
    "/%00",
    "/static/0/%00.css",
    "/C:/",
    "/..%00/",
    "/%ff%fe",
    "/~root",
    "/.git/HEAD",
)
TOLD = (b"root:", b"[project]", b"import ", b"ref: ", b"Traceback")


def paths(name: str, digest: str) -> list[str]:
    below = [one.format(digest=digest) for one in BELOW[name]]
    return [f"{one}{up * 6}{file}" for one in below for up in UP for file in FILES] + list(ODD)


@pytest.mark.parametrize("name", BELOW)
async def test_no_path_leads_to_a_file_that_is_not_served(world: World, name: str) -> None:
    door = world.doors[name]
    found = re.search(rb"/static/([0-9a-f]+)/console.css", (await get(world.doors["console"], "/login"))[1])
    assert found
    secret = (world.folder / "internal.secret").read_bytes()
    for path in paths(name, found[1].decode()):
        status, data = await get(door, path)
        shop = path.startswith("/demo") and status == 200  # every path below is a page of the demo shop
        assert status in (400, 401, 404, 405) or shop, (path, status)
        assert not [one for one in (*TOLD, secret) if one in data], path


async def get(door: Door, path: str) -> tuple[int, bytes]:
    told = await tell(door, request("GET", path, "Connection: close"))
    return told.statuses[0], told.data


async def test_where_a_login_leads_to_is_a_path_of_the_console(world: World) -> None:
    """Whatever `next` says: no other host, no header."""
    for place in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/%0d%0aX-A:%20b",
    ):
        _, data = await get(world.doors["console"], f"/login?next={place}")
        assert b"evil.example" not in data and b"javascript:" not in data
        assert b"\r\nX-A" not in data


async def test_an_address_is_not_split_into_headers(world: World) -> None:
    for path in (
        "/live?tenant=%0d%0aSet-Cookie:%20a=b",
        "/trace?event_id=%0d%0a%0d%0a<script>",
        "/x%0d%0aX-A:%20b",
    ):
        status, data = await get(world.doors["console"], path)
        assert status in (303, 404)
        head = data.partition(b"\r\n\r\n")[0]
        assert b"\r\nSet-Cookie: a=b" not in head and b"\r\nX-A" not in head
