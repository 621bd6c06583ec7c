"""What pages ask beside the ledger: lag and queues, asked every few seconds for all who look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Generic, TypeVar, cast

from agents.lag import Depth, Lag, depths, lags
from sinks.kafka_admin import KafkaAdminError
from sinks.offsets import OffsetsError
from sinks.rabbit_admin import RabbitAdminError
from streams.settings import Settings

T = TypeVar("T")
FRESH_S, STALE_S = 4.0, 15.0
WITHIN_S = 12.0
PAGE_S = 1.0  # the longest that a page waits for a question, from when it was asked
UNSEEN = (KafkaAdminError, OffsetsError, RabbitAdminError, TimeoutError)


class Remembered(Generic[T]):
    """An answer, asked anew when it is older than FRESH_S, however many pages want it; None while nobody knows.

    A page gets what is known, and the next page what was asked for now. It waits only when it would show nothing
    or more than STALE_S old: for at most PAGE_S, and not at all when the question before had no answer. So nobody
    waits for a Kafka that is away.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[None] | None = None
        self._asked_s = self._at_s = float("-inf")
        self._answer, self._failed = cast(T | None, None), False

    async def get(self) -> T | None:
        if self._age_s >= FRESH_S and (self._asking is None or self._asking.done()):
            self._asked_s, self._asking = time.monotonic(), asyncio.create_task(self._renew())
        if self._age_s >= STALE_S and self._asking is not None and not self._failed:
            left_s = self._asked_s + PAGE_S - time.monotonic()
            done, _ = await asyncio.wait([self._asking], timeout=max(0.0, left_s))  # others wait for it too
            for asked in done:
                asked.result()
        return self._answer if self._age_s < STALE_S else None

    @property
    def _age_s(self) -> float:
        return time.monotonic() - self._at_s

    async def _renew(self) -> None:
        self._answer = await self._asked()
        self._failed = self._answer is None
        self._at_s = time.monotonic()

    async def _asked(self) -> T | None:
        try:
            async with asyncio.timeout(WITHIN_S):
                return await self._ask()
        except UNSEEN:
            return None


class Standing:
    """How much waits where. `lag` and `queues` are None while Kafka or RabbitMQ does not answer."""

    def __init__(self, settings: Settings) -> None:
        self.lag: Remembered[list[Lag]] = Remembered(lambda: lags(settings))
        self.queues: Remembered[list[Depth]] = Remembered(lambda: asyncio.to_thread(depths, settings))


@lru_cache(maxsize=8)
def standing(settings: Settings) -> Standing:
    """That of this process."""
    return Standing(settings)
