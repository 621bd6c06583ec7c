"""Reading any platform's HTTP answer: bodies that may be anything, and how long it asks to wait."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from streams.events import UNREADABLE


def json_object(body: bytes | str) -> dict[str, Any] | None:
    """The body as a JSON object, None when it is something else (a proxy's HTML page, a cut answer)."""
    try:
        found = msgspec.json.decode(body)
    except UNREADABLE:
        return None
    return found if isinstance(found, dict) else None


def as_code(value: object) -> int | None:
    """An error code, given as a number or as its digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    return value if isinstance(value, int) else None


def header(headers: Mapping[str, str], name: str) -> str:
    """A header's value by its name in any case, "" when it is absent."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds that `Retry-After` asks for, given as seconds or as a date; 0 when absent or unreadable.

    A date counts from the answer's own `Date` (RFC 9110, 10.2.3 and 6.6.1), so that no clock of ours is asked.
    """
    text = header(headers, "retry-after").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until, answered = parsedate_to_datetime(text), parsedate_to_datetime(header(headers, "date"))
        return max(0.0, (until - answered).total_seconds())
    except (TypeError, ValueError):
        return 0.0
