"""What the Overview asks beside the ledger: lag and queues, asked every few seconds for all who look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Generic, TypeVar, cast

import msgspec

from agents.lag import Depth, Lag, depths, lags
from sinks.kafka_admin import KafkaAdminError
from sinks.offsets import OffsetsError
from sinks.rabbit_admin import RabbitAdminError
from streams.settings import Settings

T = TypeVar("T")
FRESH_S, STALE_S = 4.0, 15.0
WITHIN_S = 3.0
UNSEEN = (KafkaAdminError, OffsetsError, RabbitAdminError, TimeoutError)


class Behind(msgspec.Struct, frozen=True):
    """One role: records that it has not read, and the age of the oldest in seconds, None when nobody knows."""

    role: str
    lag: int
    age_s: float | None


class Whole(msgspec.Struct, frozen=True):
    """What is counted for all tenants together. None is what nobody says now."""

    sessions: int | None
    lag: list[Behind] | None
    queues: list[Depth] | None


class Remembered(Generic[T]):
    """An answer, asked anew when it is older than FRESH_S, however many pages want it; None while nobody knows.

    Asking takes up to a second, and a page waits for it only when it would show more than STALE_S old: else it
    gets what is known, and the next page what was asked for now.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[None] | None = None
        self._at_s, self._answer = float("-inf"), cast(T | None, None)

    async def get(self) -> T | None:
        age_s = time.monotonic() - self._at_s
        if age_s >= FRESH_S and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._renew())
        if age_s >= STALE_S and self._asking is not None:
            await asyncio.shield(self._asking)  # others wait for it too
        return self._answer

    async def _renew(self) -> None:
        self._answer = await self._asked()
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


def behind(rows: list[Lag], namespace: str) -> list[Behind]:
    """By role. One that never read is not there: it is an optional one."""
    found: dict[str, Behind] = {}
    for row in rows:
        if row.committed is None:
            continue
        role = row.group.removeprefix(f"{namespace}-")
        before = found.get(role, Behind(role, 0, None))
        ages = [age for age in (before.age_s, row.age_s) if age is not None]
        found[role] = Behind(role, before.lag + row.lag, max(ages, default=None))
    return list(found.values())
