"""How each pixel is doing, by what the ledger counted: for the console's page and for `capi dest ls`.

The last hour or two by the minute, the hours before as far back as the ledger remembers. What is older than a day
changes little and is many rows, so it is remembered for a minute.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, cast

import msgspec

from streams.ledger.answers import Counts, Point
from streams.ledger.lanes import (
    LaneKey,
    LaneSeen,
    lanes_seen,
    last_delivered,
    oldest_waiting,
    on_their_way,
)
from streams.ledger.queries import CountsOf, Query, RecentOf
from streams.settings import Settings

Ask = Callable[[Query], Awaitable[Any]]
Scope = tuple[str, ...] | None

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
LINES = 500
ATTEMPTS = ("delivered", "retry", "parked")
OLDER_S, MOST_SCOPES = 60.0, 64


class Lanes(msgspec.Struct, frozen=True, kw_only=True):
    """By tenant, platform and pixel. `seen` is by the last hour. `last_ms` is the last success, `waiting` the jobs
    that are on their way, `oldest_ms` when the oldest of these was queued: to the minute within the last hour, to
    the hour before."""

    seen: dict[LaneKey, LaneSeen]
    last_ms: dict[LaneKey, int]
    waiting: dict[LaneKey, int]
    oldest_ms: dict[LaneKey, int]


class LaneReport:
    """For one event loop."""

    def __init__(self, remembered_s: float) -> None:
        self._remembered_ms = int(remembered_s * 1000)
        self._older: dict[tuple[Scope, int], tuple[float, tuple[Point, ...]]] = {}

    async def look(self, ask: Ask, tenants: Scope, now_ms: int) -> Lanes:
        """`ask` raises as it will."""
        hour_ms = now_ms - now_ms % HOUR_MS - HOUR_MS
        day_ms = hour_ms - DAY_MS
        minutes, day, recent, older = await asyncio.gather(
            ask(CountsOf(since_ms=hour_ms, tenants=tenants)),
            ask(CountsOf(since_ms=day_ms, until_ms=hour_ms, step_ms=HOUR_MS, tenants=tenants)),
            ask(RecentOf(kinds=ATTEMPTS, limit=LINES, tenants=tenants)),
            self._before(ask, tenants, day_ms),
        )
        points = [*older, *day.points, *minutes.points]
        lately = [point for point in minutes.points if point.at_ms > now_ms - HOUR_MS]
        return Lanes(
            seen=lanes_seen(lately, recent.lines, now_ms),
            last_ms=last_delivered(points),
            waiting=on_their_way(points),
            oldest_ms=oldest_waiting(points),
        )

    async def _before(self, ask: Ask, tenants: Scope, day_ms: int) -> tuple[Point, ...]:
        since_ms = day_ms + DAY_MS - self._remembered_ms
        if since_ms >= day_ms:
            return ()
        until_s, points = self._older.get((tenants, day_ms), (0.0, ()))
        if time.monotonic() < until_s:
            return points
        if len(self._older) >= MOST_SCOPES:
            self._older.clear()
        query = CountsOf(since_ms=since_ms, until_ms=day_ms, step_ms=HOUR_MS, tenants=tenants)
        points = cast(Counts, await ask(query)).points
        self._older[tenants, day_ms] = time.monotonic() + OLDER_S, points
        return points


@lru_cache(maxsize=8)
def lane_report(settings: Settings) -> LaneReport:
    """That of this process."""
    return LaneReport(settings.ledger_s)
