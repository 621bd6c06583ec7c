"""One walk over `capi_parked`: count what matches, and replay or drop it.

A chunk is carried out first (published and confirmed, or written to `capi.outcomes`) and acknowledged then. Dying
in between leaves in the queue at most one chunk that was carried out: a job may be replayed twice, which the
idempotency store catches, and is never lost. All others stay where they are. Two operators share the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

from sinks.parked.messages import Parked, ParkedFilter, read_parked
from sinks.parked.view import Groups
from sinks.rabbit.browse import Browser
from sinks.rabbit.consumer import Received
from sinks.topology import QUEUE_PARKED
from streams.settings import Settings

CHUNK = 200
HOLD_S = 600.0  # RabbitMQ takes back after 30 minutes what a consumer does not acknowledge, and closes its channel

Act = Callable[[Sequence[Parked]], Awaitable[None]]  # durable when it returns


class Sweep:
    """`run` it once. Without `act` nothing is changed. `look` sees what matches, `progress` is called now and
    then. `limit` of jobs that match, `most` that are looked at, and `per_second` are 0 for none.

    `there` and `seen` are of the present walk, which starts anew every HOLD_S; `done` and `groups` are of all.
    `spared` matched, but cannot be acted on: what is no job, and what this very sweep parked anew.
    """

    def __init__(
        self,
        settings: Settings,
        wanted: ParkedFilter,
        act: Act | None = None,
        *,
        can_act: Callable[[Parked], bool] = lambda _: True,
        look: Callable[[Parked], None] = lambda _: None,
        limit: int = 0,
        most: int = 0,
        per_second: float = 0,
    ) -> None:
        self._settings, self._wanted, self._act, self._can_act = settings, wanted, act, can_act
        self._look, self._limit, self._most, self._per_second = look, limit, most, per_second
        self.progress: Callable[[Sweep], None] = lambda _: None
        self._chunk_size = max(1, min(CHUNK, round(per_second))) if per_second else CHUNK
        self.there = self.seen = self.spared = self.readers = self.done = 0
        self.groups = Groups()

    async def run(self) -> None:
        """Raises BrowseError, and whatever `act` raises; what was done until then is in `done`."""
        self._started_s = monotonic()
        finished = False
        while not finished:
            async with Browser(self._settings, QUEUE_PARKED) as browser:
                finished = await self._walk(browser)

    async def _walk(self, browser: Browser) -> bool:
        """False when the walk was broken off because it held too much for too long."""
        self.there, self.readers, self.seen, self.spared = browser.there, browser.readers, 0, 0
        return_at_s, done_before = monotonic() + HOLD_S, self.done
        chunk: list[tuple[Received, Parked]] = []
        async for received in browser.messages():
            self.seen += 1
            parked = read_parked(received.body, received.headers, received.routing_key)
            if self._matches(parked):
                self.groups.add(parked)
                self._look(parked)
                chunk.append((received, parked))
            if len(chunk) == self._chunk_size or self._enough():
                await self._carry_out(browser, chunk)
            if self._enough():
                break
            if self.done > done_before and monotonic() > return_at_s:  # each walk gets on
                await self._carry_out(browser, chunk)
                return False
        await self._carry_out(browser, chunk)
        return True

    def _matches(self, parked: Parked) -> bool:
        if not self._wanted.takes(parked):
            return False
        if not self._can_act(parked):
            self.spared += 1
            return False
        return True

    def _enough(self) -> bool:
        return 0 < self._limit <= self.groups.count or 0 < self._most <= self.seen

    async def _carry_out(self, browser: Browser, chunk: list[tuple[Received, Parked]]) -> None:
        if self._act and chunk:
            await self._act([parked for _, parked in chunk])
            await browser.ack([received for received, _ in chunk])
            self.done += len(chunk)
        chunk.clear()
        self.progress(self)
        if self._act and self._per_second:
            await asyncio.sleep(self._started_s + self.done / self._per_second - monotonic())
