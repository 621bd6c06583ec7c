"""Common moments: many small writes that go together cost the broker, and us, one request."""

from __future__ import annotations

import asyncio


class Pace:
    """Everybody who asks goes at the same moments, at most every `every_s`. After a quiet time the first goes at
    once, so that pacing costs a lone record nothing."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._next_s = 0.0  # by the loop's clock
        self._moment: asyncio.Future[None] | None = None

    async def moment(self) -> None:
        loop = asyncio.get_running_loop()
        if self._moment is None:
            if loop.time() >= self._next_s:
                self._next_s = loop.time() + self._every_s
                return
            self._moment = loop.create_future()
            loop.call_at(self._next_s, self._come)
        await asyncio.shield(self._moment)

    def _come(self) -> None:
        self._next_s = asyncio.get_running_loop().time() + self._every_s
        if self._moment is not None:
            self._moment.set_result(None)
            self._moment = None
