"""What a row of the ledger's Quality means to people: shares instead of counts. Pure.

All shares are 0 to 1. The lines are the platforms': copies merge within 5 minutes and count as one within 48 hours
(docs/platforms.md); 2 and 24 hours are ours, between "while the visitor shops" and "after the day is over".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from streams.events import Record
from streams.ledger.answers import AGE_BOUNDS_S, QualityRow
from streams.quality.weights import DEFAULT, WEIGHTS

FRESH_S = (300, 7200, 86_400)


class KeyShare(Record, frozen=True):
    """How many events of a row have a match key: brought themselves, or filled from the visit or the visitor."""

    field: str
    own: float = 0.0
    backfilled: float = 0.0

    @property
    def have(self) -> float:
        return min(1.0, self.own + self.backfilled)


class Copies(Record, frozen=True):
    """Delivered events by what became of them beside their browser copy, see QualityRow."""

    merged: int = 0
    discarded: int = 0
    twice: int = 0
    alone: int = 0

    @property
    def twins(self) -> int:
        return self.merged + self.discarded + self.twice


class Shares(Record, frozen=True):
    """One event name of a tenant at one pixel. `score` and `score_before` (of the period before) are means of
    our estimate, 0 to 10, None when nothing was scored. `enriched` is the least that it can be: by the key
    that was filled most. `fresh` maps a bound in seconds to the share delivered within it; empty without any."""

    tenant: str
    platform: str
    event_name: str
    pixel_id: str = ""
    events: int = 0
    delivered: int = 0
    score: float | None = None
    score_before: float | None = None
    enriched: float = 0.0
    keys: tuple[KeyShare, ...] = ()
    copies: Copies = Copies()
    fresh: dict[int, float] = msgspec.field(default_factory=dict)

    @property
    def trend(self) -> float | None:
        """Points against the period before."""
        if self.score is None or self.score_before is None:
            return None
        return round(self.score - self.score_before, 1)


def match_keys(platform: str) -> tuple[str, ...]:
    """Fields of the user data that count for a platform, the weightiest first."""
    return tuple(field for keys in WEIGHTS.get(platform, WEIGHTS[DEFAULT]) for field in keys)


def shares(rows: Iterable[QualityRow], before: Iterable[QualityRow] = ()) -> tuple[Shares, ...]:
    """Of the period and the one before it, the largest first."""
    scores = {_name(row): _mean(row) for row in before}
    found = [_share(row, scores.get(_name(row))) for row in rows]
    return tuple(
        sorted(found, key=lambda one: (-one.events, one.tenant, one.platform, one.pixel_id, one.event_name))
    )


def _share(row: QualityRow, score_before: float | None) -> Shares:
    return Shares(
        tenant=row.tenant,
        platform=row.platform,
        event_name=row.event_name,
        pixel_id=row.pixel_id,
        events=row.events,
        delivered=row.delivered,
        score=_mean(row),
        score_before=score_before,
        enriched=_part(max(row.backfilled.values(), default=0), row.events),
        keys=tuple(_key(row, field) for field in match_keys(row.platform)),
        copies=Copies(merged=row.merged, discarded=row.discarded, twice=row.twice, alone=row.alone),
        fresh=fresh(row.ages),
    )


def fresh(ages: Mapping[str, int]) -> dict[int, float]:
    """Shares of what was delivered within each of FRESH_S, of a histogram as in `Point.counts`."""
    total = sum(ages.values())
    if not total:
        return {}
    within = {line: sum(ages.get(f"age_{s}", 0) for s in AGE_BOUNDS_S if s <= line) for line in FRESH_S}
    return {line: number / total for line, number in within.items()}


def _key(row: QualityRow, field: str) -> KeyShare:
    own, filled = row.own.get(field, 0), row.backfilled.get(field, 0)
    return KeyShare(field=field, own=_part(own, row.events), backfilled=_part(filled, row.events))


def _mean(row: QualityRow) -> float | None:
    return round(row.score_sum / row.scored, 1) if row.scored else None


def _part(number: int, of: int) -> float:
    return min(1.0, number / of) if of else 0.0


def _name(row: QualityRow) -> tuple[str, str, str, str]:
    return row.tenant, row.platform, row.pixel_id, row.event_name


def with_several_pixels(rows: Iterable[Shares]) -> frozenset[tuple[str, str]]:
    """Tenants and platforms that have more than one pixel, so that it has to be said which."""
    pixels: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        pixels.setdefault((row.tenant, row.platform), set()).add(row.pixel_id)
    return frozenset(place for place, found in pixels.items() if len(found) > 1)
