"""A TCP relay in front of a real service that can be shut, so that nothing arrives any more, or cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress


class Valve:
    """`port` leads to the service. `open` clear: neither side hears the other, and connections stay up."""

    def __init__(self, to_port: int) -> None:
        self.port, self._to_port = 0, to_port
        self.open = asyncio.Event()
        self.open.set()
        self.on_answer: Callable[[bytes], None] | None = None  # sees what the service sends before it goes on
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> int:
        """Abort every connection; how many sides there were."""
        for writer in self._writers:
            writer.transport.abort()
        return len(self._writers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:  # the service is away, and so are we
            writer.transport.abort()
            return
        with suppress(OSError):
            await asyncio.gather(
                self._relay(reader, back_writer), self._relay(back_reader, writer, from_service=True)
            )

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, from_service: bool = False
    ) -> None:
        self._writers.add(writer)
        try:
            while piece := await reader.read(65_536):
                await self.open.wait()
                if from_service and self.on_answer:
                    self.on_answer(piece)
                writer.write(piece)
                await writer.drain()
        finally:
            self._writers.discard(writer)
            writer.close()


@asynccontextmanager
async def valve(to_port: int) -> AsyncIterator[Valve]:
    made = Valve(to_port)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.open.set()
        server.close()
