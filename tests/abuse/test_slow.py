"""Many connections that send their headers, or their body, a little at a time: others are served meanwhile, and
the slow ones are ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from tests.abuse.raw import Door, connect, request, tell
from tests.abuse.world import World
from tests.unit.collecting import AGENT, PAGE

pytestmark = pytest.mark.stack

MANY = 80  # fewer than one address may have
PAGES = {"plain": "/v1/id", "tls": "/v1/id", "console": "/login", "views": "/", "metrics": "/metrics"}
HEADERS = b"GET / HTTP/1.1\r\nHost: a\r\nX-A: "
BODIES = {
    "plain": request("POST", "/v1/events", "Content-Type: text/plain", "Content-Length: 100000"),
    "tls": request("POST", "/v1/events", "Content-Type: text/plain", "Transfer-Encoding: chunked"),
    "console": request(
        "POST", "/login", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 10000"
    ),
}


@asynccontextmanager
async def slow(door: Door, begin: bytes) -> AsyncIterator[list[asyncio.Task[bytes]]]:
    """Connections that begin, then send a byte now and then. Tasks end with what was said until the end."""
    pairs = [await connect(door) for _ in range(MANY)]
    reads = [asyncio.create_task(_until_closed(reader)) for reader, _ in pairs]
    drip = asyncio.create_task(_drip(begin, [writer for _, writer in pairs]))  # noqa: RUF006
    try:
        yield reads
    finally:
        drip.cancel()
        for _, writer in pairs:
            writer.transport.abort()
        await asyncio.gather(drip, *reads, return_exceptions=True)


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def _drip(begin: bytes, writers: list[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.write(begin)
    while True:
        await asyncio.sleep(0.2)
        for writer in writers:
            with suppress(ConnectionError, RuntimeError):
                writer.write(b"a")


@pytest.mark.parametrize("name", PAGES)
async def test_others_are_served_while_many_send_slow_headers(world: World, name: str) -> None:
    door = world.doors[name]
    async with slow(door, HEADERS) as reads, httpx.AsyncClient(verify=door.tls or False, timeout=20) as client:
        for _ in range(5):
            assert (await client.get(door.url + PAGES[name])).status_code in (200, 401)
        if name in ("plain", "tls", "console"):
            said = await asyncio.wait_for(asyncio.gather(*reads), 30)
            assert {b"200 OK" in one for one in said} == {False}


@pytest.mark.parametrize("name", BODIES)
async def test_others_are_served_while_many_send_slow_bodies(world: World, name: str) -> None:
    door = world.doors[name]
    async with (
        slow(door, BODIES[name]) as reads,
        httpx.AsyncClient(verify=door.tls or False, timeout=20) as client,
    ):
        for _ in range(5):
            assert (await client.get(door.url + PAGES[name])).status_code == 200
        said = await asyncio.wait_for(asyncio.gather(*reads), 30)
        assert not [
            one for one in said if not one.startswith((b"HTTP/1.1 408 ", b"HTTP/1.0 400", b"HTTP/1.1 400"))
        ]


async def test_a_size_line_and_trailers_without_end_are_ended_with_the_body_s_time(collect: Door) -> None:
    head = request("POST", "/v1/events", "Content-Type: text/plain", f"Origin: {PAGE}", f"User-Agent: {AGENT}")
    chunks = head.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    for begin in (b"3;", b"3\r\nabc\r\n0\r\nX-A: "):
        told = await tell(collect, chunks + begin + b"a" * 3_000_000, quiet_s=20)
        assert told.ended
        assert told.statuses in ([408], [400], []), told


async def test_one_address_does_not_get_all_connections(world: World) -> None:
    """More than it may have are turned away at once, and what it has goes on."""
    door = world.doors["plain"]
    pairs = [await connect(door) for _ in range(150)]
    try:
        ended = [asyncio.create_task(_until_closed(reader)) for reader, _ in pairs]
        await asyncio.wait(ended, timeout=1, return_when=asyncio.FIRST_COMPLETED)
        assert sum(one.done() for one in ended) >= 1
        pairs[0][1].write(request("GET", "/v1/id", "Connection: close"))
        assert b"200 OK" in await asyncio.wait_for(ended[0], 20)
    finally:
        for _, writer in pairs:
            writer.transport.abort()
