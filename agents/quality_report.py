"""How good the match is: the same figures for the Quality page, its table for spreadsheets, and `capi quality`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from sinks.dataset_quality import PLATFORM, DatasetQuality, DatasetQualityError, EventQuality
from streams.ledger.advice import Advice, advice
from streams.ledger.answers import Point, ReasonCount
from streams.ledger.queries import CountsOf, QualityOf, Query, RejectsOf
from streams.ledger.shares import Shares, shares
from streams.tenants import Destination, Tenant

Ask = Callable[[Query], Awaitable[Any]]
UNIT_S = {"m": 60, "h": 3600, "d": 86_400}
PERIODS = ("1h", "24h", "7d")
HOUR_MS = 3_600_000


class Hour(msgspec.Struct, frozen=True):
    """Events that left their sessions in an hour, and how many of them with something filled in."""

    at_ms: int
    events: int
    enriched: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`rows` and `advice`: see streams/ledger. `events` and `enriched` count the period, whatever the platform."""

    since_ms: int
    until_ms: int
    rows: tuple[Shares, ...] = ()
    advice: tuple[Advice, ...] = ()
    reasons: tuple[ReasonCount, ...] = ()
    hours: tuple[Hour, ...] = ()

    @property
    def events(self) -> int:
        return sum(hour.events for hour in self.hours)

    @property
    def enriched(self) -> int:
        return sum(hour.enriched for hour in self.hours)


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """What Meta says of one pixel; `why` it does not."""

    tenant: str
    pixel_id: str
    events: tuple[EventQuality, ...] = ()
    why: str = ""


def period_ms(text: str) -> int:
    """Of `90m`, `24h`, `7d`. Raises ValueError."""
    found = re.fullmatch(r"([1-9]\d{0,4})([mhd])", text)
    if not found:
        raise ValueError(f"{text!r} is no period: write 90m, 24h or 7d")
    return int(found[1]) * UNIT_S[found[2]] * 1000


async def report(ask: Ask, length_ms: int, now_ms: int, tenants: tuple[str, ...] | None) -> Report:
    """Of the last `length_ms`, with the scores of as long a time before."""
    since_ms = now_ms - length_ms
    now, before, rejects, counts = await asyncio.gather(
        ask(QualityOf(since_ms=since_ms, until_ms=now_ms, tenants=tenants)),
        ask(QualityOf(since_ms=since_ms - length_ms, until_ms=since_ms, tenants=tenants)),
        ask(RejectsOf(since_ms=since_ms, until_ms=now_ms, limit=1, tenants=tenants)),
        ask(CountsOf(since_ms=since_ms, until_ms=now_ms, step_ms=HOUR_MS, tenants=tenants)),
    )
    rows = shares(now.rows, before.rows)
    reasons = tuple(sorted(rejects.reasons, key=lambda reason: -reason.count))
    return Report(
        since_ms=since_ms,
        until_ms=now_ms,
        rows=rows,
        advice=advice(rows, reasons),
        reasons=reasons,
        hours=_hours(counts.points),
    )


def _hours(points: Iterable[Point]) -> tuple[Hour, ...]:
    events: dict[int, int] = {}
    enriched: dict[int, int] = {}
    for point in points:
        if not point.platform:
            events[point.at_ms] = events.get(point.at_ms, 0) + point.counts.get("events", 0)
            enriched[point.at_ms] = enriched.get(point.at_ms, 0) + point.counts.get("enriched", 0)
    return tuple(Hour(at_ms, events[at_ms], enriched[at_ms]) for at_ms in sorted(events))


class OwnQualities:
    """Meta's own quality of many pixels: what has not come within `wait_s` is there the next time."""

    def __init__(self, quality: DatasetQuality) -> None:
        self._quality = quality
        self._under_way: dict[tuple[str, str], asyncio.Task[Own]] = {}

    async def of(self, tenants: Iterable[tuple[str, Tenant]], wait_s: float) -> tuple[Own, ...]:
        pixels = [(n, d) for n, tenant in tenants for d in tenant.destinations if d.platform == PLATFORM]
        tasks = [(name, one, self._asked(name, one)) for name, one in pixels]
        if tasks:
            await asyncio.wait([task for _, _, task in tasks], timeout=wait_s)
        later = "Meta has not answered yet: reload in a moment."
        return tuple(
            task.result() if task.done() else Own(tenant=name, pixel_id=one.pixel_id, why=later)
            for name, one, task in tasks
        )

    def _asked(self, tenant: str, one: Destination) -> asyncio.Task[Own]:
        place = tenant, one.pixel_id
        task = self._under_way.get(place)
        if task is None:
            task = self._under_way[place] = asyncio.create_task(self._own(tenant, one))
            task.add_done_callback(lambda _: self._under_way.pop(place, None))
        return task

    async def _own(self, tenant: str, one: Destination) -> Own:
        try:
            return Own(tenant=tenant, pixel_id=one.pixel_id, events=await self._quality.of(one))
        except DatasetQualityError as error:
            return Own(tenant=tenant, pixel_id=one.pixel_id, why=str(error))
