"""What the Overview shows, computed of the ledger's counts. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from streams.ledger.answers import Point
from streams.ledger.lanes import quantile_s

MINUTE_MS = 60_000
PURCHASE = "purchase_"


class Delivery(msgspec.Struct, frozen=True):
    """One platform's last hour. Ages at delivery are upper bounds in seconds, 0 when nothing was delivered;
    `delivered` are the values by the minute."""

    platform: str
    delivered: int
    retry: int
    parked: int
    age_p50_s: float
    age_p95_s: float
    purchase_p50_s: float
    purchase_p95_s: float


def minutes(now_ms: int, length_ms: int) -> list[int]:
    """Where each whole minute of the span begins, without the one that is under way."""
    end = now_ms - now_ms % MINUTE_MS
    return list(range(end - length_ms, end, MINUTE_MS))


def by_minute(points: Iterable[Point], name: str, at_ms: Sequence[int], platform: str = "") -> list[int]:
    """One value a minute, of all tenants and pixels."""
    totals: Counter[int] = Counter()
    for point in points:
        if point.platform == platform:
            totals[point.at_ms] += point.counts.get(name, 0)
    return [totals[minute] for minute in at_ms]


def in_all(points: Iterable[Point], name: str) -> int:
    """Of all tenants, the minute under way too: what has no platform."""
    return sum(point.counts.get(name, 0) for point in points if not point.platform)


def flushes(points: Iterable[Point]) -> dict[str, int]:
    """Batches by the reason for which they left, the most frequent first."""
    total = _total(point for point in points if not point.platform)
    found = {name.removeprefix("flush_"): number for name, number in total.items() if name.startswith("flush_")}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def deliveries(points: Sequence[Point]) -> list[Delivery]:
    """Each platform that anything was sent to or queued for."""
    platforms = sorted({point.platform for point in points if point.platform})
    return [_delivery(one, _total(point for point in points if point.platform == one)) for one in platforms]


def _delivery(platform: str, total: Mapping[str, int]) -> Delivery:
    purchases = {name.removeprefix(PURCHASE): n for name, n in total.items() if name.startswith(PURCHASE)}
    return Delivery(
        platform=platform,
        delivered=total.get("delivered", 0),
        retry=total.get("throttled", 0) + total.get("transient", 0),
        parked=total.get("parked", 0),
        age_p50_s=quantile_s(total, 0.5),
        age_p95_s=quantile_s(total, 0.95),
        purchase_p50_s=quantile_s(purchases, 0.5),
        purchase_p95_s=quantile_s(purchases, 0.95),
    )


def _total(points: Iterable[Point]) -> Counter[str]:
    total: Counter[str] = Counter()
    for point in points:
        total.update(point.counts)
    return total
