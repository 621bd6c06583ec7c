"""What no door lets through, looked for in an event that another site's door let through. Pure.

The central site takes its clients' word for what an event is, and not for this: their release may be older, or
not ours at all. What a door of this release has admitted passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from streams.events import Event
from streams.identity.values import Bad
from streams.privacy import clean_url, hides_email, holds_email, is_personal_name, is_phone

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
    yield from (name for name in ("event_source_url", "referrer_url") if _is_unclean(getattr(event, name)))
    for name, value in msgspec.structs.asdict(event.user).items():
        if isinstance(value, tuple) and not all(map(_DIGEST.fullmatch, value)):
            yield f"user.{name}"
    yield from _addresses("", msgspec.to_builtins(event))


def _addresses(path: str, value: Any) -> Iterator[str]:
    """Paths of e-mail addresses, and of own keys that are named after personal data."""
    if isinstance(value, str) and holds_email(value):
        yield path
    elif isinstance(value, list):
        for member in value:
            yield from _addresses(path, member)
    elif isinstance(value, dict):
        for key, member in value.items():
            inner = f"{path}.{key}".strip(".")
            if not inner.startswith("custom_data."):
                yield from _addresses(inner, member)
            elif is_personal_name(key) or holds_email(key):
                yield "custom_data.*"
            else:
                yield from _addresses("custom_data.*", member)


def _is_unclean(url: str) -> bool:
    cleaned = clean_url(url) if url else ("", False)
    return isinstance(cleaned, Bad) or cleaned[1]
