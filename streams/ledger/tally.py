"""Counts of one run of records, by row; added to the stored sums once at its end. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from streams.ledger.rows import Sums

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
STEP_MS = {"m": MINUTE_MS, "h": HOUR_MS, "q": HOUR_MS, "k": HOUR_MS}
LATEST, PROBE = "last_ms", "probe_ms"
GREATEST = (LATEST, PROBE)  # names of which the greatest counts, not the sum
Place = tuple[str, int, str, str, str]  # kind, time of the row, tenant, and its two labels


class Tally:
    def __init__(self) -> None:
        self._counts: dict[Place, dict[str, int]] = {}

    def counts(self, kind: str, at_ms: int, tenant: str, one: str = "", other: str = "") -> dict[str, int]:
        """The counts of a span; write them with `add`. `kind` m counts for the hour too."""
        place = (kind, at_ms - at_ms % STEP_MS[kind], tenant, one, other)
        found = self._counts.get(place)
        if found is None:
            found = self._counts[place] = {}
        return found

    def taken(self) -> Iterable[tuple[tuple[str, int, str], list[tuple[str, str, dict[str, int]]]]]:
        """Row (kind, time, tenant) and what to add to it; begins anew."""
        counts, self._counts = self._counts, {}
        for (kind, at_ms, tenant, one, other), names in [*counts.items()]:
            if kind == "m":
                hour = ("h", at_ms - at_ms % HOUR_MS, tenant, one, other)
                merge_into(counts.setdefault(hour, {}), names)
        places = sorted(counts)
        for row, group in groupby(places, key=lambda place: place[:3]):
            yield row, [(place[3], place[4], counts[place]) for place in group]


def add(counts: dict[str, int], name: str, number: int = 1) -> None:
    counts[name] = counts.get(name, 0) + number


def merge_into(counts: dict[str, int], more: dict[str, int]) -> None:
    for name, number in more.items():
        known = counts.get(name, 0)
        counts[name] = max(known, number) if name in GREATEST else known + number


def summed(sums: Sums, more: Iterable[tuple[str, str, dict[str, int]]]) -> Sums:
    """What a row is with `more`; counts that came to nothing are left out."""
    parts = {(one, other): dict(counts) for one, other, counts in sums.parts}
    for one, other, counts in more:
        merge_into(parts.setdefault((one, other), {}), counts)
    kept = {labels: {name: n for name, n in sorted(counts.items()) if n} for labels, counts in parts.items()}
    return Sums([(*labels, counts) for labels, counts in sorted(kept.items()) if counts])
