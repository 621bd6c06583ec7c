"""What to fix first, worked out from what the ledger counted. Pure.

Advice is ordered by `cost`: match-score points that are lost in the period, by our own estimate. A refused event
loses all ten, a missing key its weight in each event that lacks it, a stale or discarded event a part of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from streams.events import Record
from streams.ledger.answers import ReasonCount
from streams.ledger.shares import Shares
from streams.quality.score import BROUGHT_BY, FULL
from streams.quality.weights import DEFAULT, WEIGHTS

LEAST_SHARE = 0.05  # what concerns fewer events than that is no advice
STALE_S = 7200
FULL_POINTS = FULL / 10
STALE_POINTS, DISCARDED_POINTS, TWICE_POINTS, ALONE_POINTS = 1.0, 2.0, 5.0, 0.5

KEYS = "docs/platforms.md#match-keys"
PREFLIGHT = "docs/platforms.md#preflight-and-match-score"
HOLD = "docs/tenants.md"
DELIVERY = "docs/operations.md#what-a-failure-looks-like"
SNIPPET = "docs/snippet.md"


class Advice(Record, frozen=True):
    """One thing to mend. `docs` is a page of the project's documentation. `events` it concerns."""

    code: str  # missing_key | stale | discarded | twice | alone | refused
    tenant: str
    platform: str
    event_name: str
    events: int
    cost: float
    what: str
    docs: str
    pixel_id: str = ""


def advice(rows: Sequence[Shares], reasons: Iterable[ReasonCount] = ()) -> tuple[Advice, ...]:
    """The costliest first."""
    with_copies = {_pixel(row) for row in rows if row.copies.twins}
    found = [one for row in rows for one in _of_row(row, _pixel(row) in with_copies)]
    found += [_refused(reason) for reason in reasons]
    return tuple(
        sorted(
            found,
            key=lambda one: (-one.cost, one.code, one.tenant, one.platform, one.pixel_id, one.event_name),
        )
    )


def _pixel(row: Shares) -> tuple[str, str, str]:
    return row.tenant, row.platform, row.pixel_id


def _of_row(row: Shares, copies_elsewhere: bool) -> Iterator[Advice]:
    yield from _missing_key(row)
    yield from _stale(row)
    yield from _copies(row)
    if copies_elsewhere and not row.copies.twins and row.copies.alone:
        n = row.copies.alone
        yield _made(row, "alone", n, n * ALONE_POINTS, ALONE, SNIPPET)


ALONE = (
    "No browser copy is known of, while other events of this pixel have one. If the pixel fires it, give both "
    "copies the same event_id and name the platform in browser_fired, or they count twice."
)


def _missing_key(row: Shares) -> Iterator[Advice]:
    """Of the keys that events lack, the one whose points add up to most."""
    have = {key.field: key.have for key in row.keys}
    lacking = [
        (weight / 10 * share, share, fields)
        for fields, weight in WEIGHTS.get(row.platform, WEIGHTS[DEFAULT]).items()
        if (share := 1 - min(have.get(field, 0.0) for field in fields)) >= LEAST_SHARE
    ]
    if row.score is None or not lacking:
        return
    most, share, fields = max(lacking, key=lambda one: one[0])
    gain = min(most, FULL_POINTS - row.score)
    if gain < 0.1:  # less than what is shown of a score
        return
    keys = " + ".join(dict.fromkeys(BROUGHT_BY.get(f, f) for f in fields if have.get(f, 0.0) < 1))
    what = f"{_percent(share)} of the events have no {keys}. Sending it would raise the score by about {gain:.1f}."
    yield _made(row, "missing_key", round(share * row.events), gain * row.events, what, KEYS)


def _stale(row: Shares) -> Iterator[Advice]:
    late = 1 - row.fresh.get(STALE_S, 1.0)
    if late < LEAST_SHARE:
        return
    what = (
        f"{_percent(late)} were delivered more than two hours after they happened. Look for waiting jobs under "
        'Destinations and for clocks that are wrong; hold = "adaptive" or "immediate" lets events go sooner.'
    )
    events = round(late * row.delivered)
    yield _made(row, "stale", events, events * STALE_POINTS, what, DELIVERY)


def _copies(row: Shares) -> Iterator[Advice]:
    copies = row.copies
    if copies.discarded and copies.discarded >= LEAST_SHARE * copies.twins:
        what = (
            f"{copies.discarded} of our copies came more than 5 minutes after the browser's: the platform keeps "
            'the browser\'s and discards ours, with all that was filled in. Set hold = "adaptive" for this tenant.'
        )
        yield _made(row, "discarded", copies.discarded, copies.discarded * DISCARDED_POINTS, what, HOLD)
    if copies.twice:
        what = (
            f"{copies.twice} events came more than 48 hours after their browser copy and count twice. Do not "
            "replay events that old, and mend what kept them waiting."
        )
        yield _made(row, "twice", copies.twice, copies.twice * TWICE_POINTS, what, DELIVERY)


def _refused(reason: ReasonCount) -> Advice:
    where = f" at {reason.field}" if reason.field else ""
    who = "would be refused by the platform, so they were not sent" if reason.platform else "were not taken"
    return Advice(
        code="refused",
        tenant=reason.tenant,
        platform=reason.platform,
        event_name="",
        events=reason.count,
        cost=reason.count * FULL_POINTS,
        what=f"{reason.count} events {who}: {reason.reason}{where}. Mend it where they are made.",
        docs=PREFLIGHT,
    )


def _made(row: Shares, code: str, events: int, cost: float, what: str, docs: str) -> Advice:
    return Advice(
        code=code,
        tenant=row.tenant,
        platform=row.platform,
        event_name=row.event_name,
        events=events,
        cost=round(cost, 1),
        what=what,
        docs=docs,
        pixel_id=row.pixel_id,
    )


def _percent(share: float) -> str:
    return f"{share:.0%}"
