"""How values are shown: the filters of the templates."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

from markupsafe import Markup, escape

from streams.ledger.story.words import span

NOTHING = Markup("–")
SHORT = 8  # hex digits of a digest
# control characters, and those that turn the direction of what follows: they could hide something
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def when(ms: float) -> Markup:
    """A point of time in UTC; console.js shows it in local time for who wants that."""
    return _time(ms, f"{_utc(ms):%Y-%m-%d %H:%M:%S}") if ms else NOTHING


def ago(ms: float) -> Markup:
    """How long ago, in one unit; the point of time as title."""
    return _time(ms, _span(time.time() - ms / 1000)) if ms else NOTHING


def _time(ms: float, text: str) -> Markup:
    stamp = f"{_utc(ms):%Y-%m-%dT%H:%M:%SZ}"
    kind = Markup("") if "-" in text else Markup(' class="ago" title="{}"').format(stamp)
    return Markup('<time datetime="{}"{}>{}</time>').format(stamp, kind, text)


def _utc(ms: float) -> datetime:
    return datetime.fromtimestamp(min(max(ms, 0), 253_402_300_799_000) / 1000, UTC)


def _span(seconds: float) -> str:
    for size, unit in SPANS:
        if abs(seconds) >= size:
            return f"{int(abs(seconds) / size)} {unit} ago" if seconds > 0 else f"in {int(-seconds / size)} {unit}"
    return "now"


def length_of(seconds: float) -> str:
    """A length of time: `4.2 s`, `31 s`, `4 min`, `2 h 5 min`."""
    return span(seconds * 1000)


def short(text: object) -> Markup:
    """The first 8 digits of a digest."""
    return escape(str(text)[:SHORT])


def told(text: object) -> Markup:
    """A message that names commands in backticks, as it stands on a terminal too."""
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(str(text).split("`"))
    )


def count(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:,.1f}"


def seen(value: object) -> object:
    """Every value of every template goes through here: what cannot be seen becomes a sign that can."""
    if not isinstance(value, str) or not UNSEEN.search(value):
        return value
    return type(value)(UNSEEN.sub("\N{REPLACEMENT CHARACTER}", value))
