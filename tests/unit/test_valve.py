"""The relay that tests shut, cut and make forget does what they mean by it."""

from __future__ import annotations

import asyncio

import pytest

from tests.site import free_port
from tests.valve import Valve, valve

SILENCE_S = 0.1


class Service:
    """Sends back what it hears."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(100):
            writer.write(piece)
        writer.close()


async def started() -> int:
    server = await asyncio.start_server(Service().serve, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    return port


class Client:
    def __init__(self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self._reader, self._writer = streams

    async def hears(self, word: bytes) -> bytes:
        """What comes back; raises TimeoutError when nothing does."""
        self._writer.write(word)
        return await asyncio.wait_for(self._reader.read(100), SILENCE_S)


async def client(relay: Valve) -> Client:
    return Client(await asyncio.open_connection("127.0.0.1", relay.port))


async def test_the_first_that_answers_is_the_service() -> None:
    async with valve(free_port(), await started()) as relay:
        assert await (await client(relay)).hears(b"you") == b"you"


async def test_what_was_said_while_it_was_shut_arrives_later() -> None:
    async with valve(await started()) as relay:
        one = await client(relay)
        relay.open.clear()
        with pytest.raises(TimeoutError):
            await one.hears(b"late ")
        relay.open.set()
        assert await one.hears(b"") == b"late "


async def test_forgotten_connections_are_silent_and_new_ones_are_not() -> None:
    async with valve(await started()) as relay:
        old = await client(relay)
        assert await old.hears(b"you") == b"you"
        assert relay.forget() == 2
        with pytest.raises(TimeoutError):
            await old.hears(b"gone")
        assert await (await client(relay)).hears(b"new") == b"new"


async def test_a_cut_ends_also_what_was_forgotten() -> None:
    async with valve(await started()) as relay:
        old = await client(relay)
        assert await old.hears(b"you") == b"you"
        relay.forget()
        assert relay.cut() == 2
        assert await old.hears(b"") == b""  # its end
        assert relay.cut() == 0
