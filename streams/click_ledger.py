"""The clicks on ads that a session knows: which of them an event leaves with.

Meta: `fbc` carries the time at which its click was first seen, and is made once a click; a cookie is sent as it
came ("ClickID and the fbp and fbc Parameters", read November 2026). TikTok: `ttclid` is sent as it came.

| event, own time | brings            | first seen | leaves with, and why                                 |
|-----------------|-------------------|------------|------------------------------------------------------|
| 10:00           | fbclid A          | A 10:00    | `fb.1.<10:00>.A`                                    |
| 10:05           | cookie of A       |            | its cookie, byte-exact                              |
| 10:09           | fbclid B          | B 10:09    | `fb.1.<10:09>.B`, whatever cookie is beside it      |
| 10:12           |                   |            | B, the latest                                       |
| 10:07, late     |                   |            | A: B was not clicked yet                            |
| 10:08, late     | fbclid B          | B 10:08    | `fb.1.<10:08>.B`, as all without a cookie then       |

A first sighting only ever moves back, so no event leaves with a click that is later than itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from streams.events import Event
from streams.identity.clicks import FBC_MAX_AGE_MS, click_of, mint_fbc
from streams.session_state import Click

ClickField = Literal["fbc", "ttclid"]
CLICK_FIELDS: tuple[ClickField, ...] = ("fbc", "ttclid")
MOST_CLICKS = 8  # a platform; the oldest are forgotten first

Clicks = tuple[Click, ...]


def noted(clicks: Clicks, event: Event) -> Clicks:
    """The ledger with what an event brought; the same object when that is nothing new."""
    if event.fbclid or event.user.fbc or event.user.ttclid:
        for click in _brought(event):
            clicks = _merged(clicks, click)
    return clicks


def newest(clicks: Clicks) -> Clicks:
    """The ledger without the oldest clicks above the limit of each platform."""
    if len(clicks) <= MOST_CLICKS:
        return clicks
    by_age = sorted(clicks, key=lambda click: click.first_ms)  # of equals, what was noted first is older
    kept = [click for field in CLICK_FIELDS for click in [c for c in by_age if c.field == field][-MOST_CLICKS:]]
    return tuple(click for click in clicks if click in kept)


def clicks_for(event: Event, clicks: Clicks) -> Iterator[Click]:
    """What of the ledger an event leaves with, at most one click a platform."""
    if not event.fbclid:
        found = None if event.user.fbc else _latest(clicks, "fbc", event.event_time_ms)
    elif click_of(event.user.fbc) == event.fbclid:
        found = None
    else:
        found = _latest((click for click in clicks if _is(click, event.fbclid)), "fbc", event.event_time_ms)
    if found is not None:
        yield found
    if not event.user.ttclid and (found := _latest(clicks, "ttclid", event.event_time_ms)):
        yield found


def longest(clicks: Clicks) -> int:
    """Bytes that the ledger adds to an event at most."""
    return sum(
        max(
            (len(click.value) + len(click.event_id.encode()) for click in clicks if click.field == field),
            default=0,
        )
        for field in CLICK_FIELDS
    )


def _brought(event: Event) -> Iterator[Click]:
    user, at_ms = event.user, event.event_time_ms
    if click_of(user.fbc):
        yield Click("fbc", user.fbc, int(user.fbc.split(".", 3)[2]), event.event_id)
    if event.fbclid:
        yield Click("fbc", mint_fbc(event.fbclid, at_ms), at_ms, event.event_id)
    if user.ttclid:
        yield Click("ttclid", user.ttclid, at_ms, event.event_id)


def _merged(clicks: Clicks, click: Click) -> Clicks:
    """Of two sightings of one click the earlier counts."""
    identifier = click_of(click.value) if click.field == "fbc" else click.value
    for index, known in enumerate(clicks):
        if known.field == click.field and _is(known, identifier):
            later = known.first_ms <= click.first_ms
            return clicks if later else (*clicks[:index], click, *clicks[index + 1 :])
    return (*clicks, click)


def _is(click: Click, identifier: str) -> bool:
    return identifier == (click_of(click.value) if click.field == "fbc" else click.value)


def _latest(clicks: Iterable[Click], field: ClickField, at_ms: int) -> Click | None:
    """The last click up to `at_ms`, not older than 90 days; of two in one millisecond the one noted last."""
    found: Click | None = None
    for click in clicks:
        if click.field == field and 0 <= at_ms - click.first_ms <= FBC_MAX_AGE_MS:
            found = click if found is None or click.first_ms >= found.first_ms else found
    return found
