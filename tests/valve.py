"""A TCP relay in front of a real service that can be shut, so that nothing arrives any more, or cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress


class Valve:
    """`port` leads to the service: the first of `to_ports` that answers, as with a balancer. `open` clear: neither
    side hears the other, and connections stay up."""

    def __init__(self, *to_ports: int) -> None:
        self.port, self._to_ports = 0, to_ports
        self.open = asyncio.Event()
        self.open.set()
        self.on_answer: Callable[[bytes], None] | None = None  # sees what the service sends before it goes on
        self._writers: dict[asyncio.StreamWriter, asyncio.Event] = {}  # each with: is its connection heard?

    def cut(self) -> int:
        """Abort every connection; how many sides there were."""
        for writer, heard in self._writers.items():
            writer.transport.abort()
            heard.set()
        return len(self._writers)

    def forget(self) -> int:
        """As a router that lost its table: connections of now go silent in both directions, for good, and nobody
        is told; new ones work. How many sides there were."""
        for heard in self._writers.values():
            heard.clear()
        return len(self._writers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back = await self._service()
        if back is None:  # the service is away, and so are we
            writer.transport.abort()
            return
        heard = asyncio.Event()
        heard.set()
        self._writers |= {writer: heard, back[1]: heard}
        with suppress(OSError):
            await asyncio.gather(
                self._relay(reader, back[1], heard), self._relay(back[0], writer, heard, from_service=True)
            )

    async def _service(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for port in self._to_ports:
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        heard: asyncio.Event,
        from_service: bool = False,
    ) -> None:
        try:
            while piece := await reader.read(65_536):
                await self.open.wait()
                await heard.wait()
                if from_service and self.on_answer:
                    self.on_answer(piece)
                writer.write(piece)
                await writer.drain()
        finally:
            self._writers.pop(writer, None)
            writer.close()


@asynccontextmanager
async def valve(*to_ports: int) -> AsyncIterator[Valve]:
    made = Valve(*to_ports)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.open.set()
        made.cut()
        server.close()
