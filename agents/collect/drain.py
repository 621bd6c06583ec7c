"""The end of a collector: what has begun is finished before aiohttp is told to stop.

aiohttp throws away what arrives on a connection once it shuts down, the rest of a body as well: a request whose
body was under way would wait for it until its time is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aiohttp import web


class Drain:
    """Counts requests. Once `stopping`, each connection is closed behind its answer."""

    def __init__(self) -> None:
        self.stopping = False
        self._under_way = 0
        self._none: asyncio.Future[None] | None = None

    @contextmanager
    def request(self) -> Iterator[None]:
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way and self._none is not None and not self._none.done():
                self._none.set_result(None)

    def let_go(self, response: web.StreamResponse) -> None:
        if self.stopping:
            response.force_close()

    async def stop(self, within_s: float) -> None:
        """Returns when nothing is under way, or time is over."""
        self.stopping = True
        if self._under_way:
            self._none = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._none, within_s)
