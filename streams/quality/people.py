"""Whether the match keys can find anyone, and click ids that no platform takes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from streams.events import Event, UserData
from streams.quality.problems import Problem, warning
from streams.quality.timing import DAY_MS

FBC_MAX_AGE_MS = 90 * DAY_MS
_FBC = re.compile(r"fb\.\d{1,2}\.(\d{13})\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?", re.ASCII)

BAD_FBC = warning(
    Problem(
        "bad_fbc",
        "user_data.fbc",
        "not fb.<index>.<milliseconds>.<fbclid> of the last 90 days",
        "send the cookie _fbc unchanged, or the fbclid of the landing page's URL",
    )
)
SEND_KEYS = "send one more of em, ph, external_id, or the cookies and the address of the visitor"
TOO_FEW_KEYS = Problem("too_few_keys", "user_data", "too few match keys", SEND_KEYS)
NO_KEY = Problem("no_key", "user_data", "no match key", SEND_KEYS)


class Person(NamedTuple):
    """`user` as it may be sent."""

    user: UserData
    problems: tuple[Problem, ...]


def person(event: Event) -> Person:
    """The event's match keys without a click id that is malformed or older than 90 days.

    Milder than the door about a click after the event: the session gives it to the events before it on purpose.
    """
    user = event.user
    if not user.fbc or _is_fbc(user.fbc, event.event_time_ms):
        return Person(user, ())
    return Person(msgspec.structs.replace(user, fbc=""), (BAD_FBC,))


def _is_fbc(text: str, event_time_ms: int) -> bool:
    found = _FBC.fullmatch(text)
    return found is not None and event_time_ms - int(found[1]) <= FBC_MAX_AGE_MS


def enough_keys(keys: Mapping[str, Any], too_little: Iterable[Collection[str]] = ()) -> tuple[Problem, ...]:
    """`keys` in the platform's words; each member of `too_little` holds keys that match nobody by themselves."""
    if not keys:
        return (NO_KEY,)
    return (TOO_FEW_KEYS,) if any(keys.keys() <= set(names) for names in too_little) else ()
