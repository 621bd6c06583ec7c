"""What no door lets through, looked for in an event that another site's door let through. Pure.

The central site takes its clients' word for what an event is, and not for this: their release may be older, or
not ours at all. What a door of this release has admitted passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from streams.custom import KNOWN
from streams.events import USER_FIELDS, Event
from streams.identity.values import Bad
from streams.privacy import clean_url, hides_email, holds_email, is_personal_name, is_phone
from streams.raw import RawItem

URLS = ("event_source_url", "referrer_url")
TEXTS = ("event_name", "action_source", "fbclid", "test_event_code")
OURS = frozenset({*KNOWN, *RawItem.__struct_fields__})  # keys of custom data that need no look
_DIGEST = re.compile(r"[0-9a-f]{64}")


def clear_in(event: Event) -> str:
    """The JSON path of the first field with personal data in the clear, "" when there is none. Never raises."""
    try:
        return next(_faults(event), "")
    except RecursionError:  # deeper than any door lets through
        return "custom_data"


def _faults(event: Event) -> Iterator[str]:
    ids = {"event_id": event.event_id, "session_id": event.session_id}
    yield from (name for name, ident in ids.items() if hides_email(ident) or is_phone(ident))
    yield from (name for name in URLS if _is_unclean(getattr(event, name)))
    yield from (name for name in TEXTS if holds_email(getattr(event, name)))
    for name in USER_FIELDS:
        value = getattr(event.user, name)
        if holds_email(value) if isinstance(value, str) else not all(map(_DIGEST.fullmatch, value)):
            yield f"user.{name}"
    if _holds_person(event.custom_data):
        yield "custom_data"


def _holds_person(value: Any) -> bool:
    """Whether an address is in it, or a key that is named after personal data."""
    if isinstance(value, str):
        return holds_email(value)
    if isinstance(value, dict):
        return any(_holds_person(value[key]) or (key not in OURS and _is_persons(key)) for key in value)
    return isinstance(value, list) and any(map(_holds_person, value))


def _is_persons(key: str) -> bool:
    return is_personal_name(key) or holds_email(key)


def _is_unclean(url: str) -> bool:
    cleaned = clean_url(url) if url else ("", False)
    return isinstance(cleaned, Bad) or cleaned[1]
