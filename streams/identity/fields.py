"""A raw `user_data` object to :class:`streams.events.UserData`: what can be used, and what was dropped and why."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from streams.events import UserData
from streams.identity import clicks
from streams.identity.matching import CLEAR_FORMS, HASH_ONLY, MAX_VALUE, NORMALISERS, Match, match
from streams.identity.values import Bad, Dropped

MAX_VALUES = 10  # of one field; the first ones count
DAY_S = 86_400
MAX_BITS = 1_024  # of a number; Python writes out no number of more than 4,300 digits

CLEAR: dict[str, Callable[[str, int], str | Bad]] = {
    "fbc": clicks.fbc,
    "fbp": clicks.fbp,
    "ttp": clicks.tiktok_id,
    "ttclid": clicks.tiktok_id,
    "client_ip": clicks.client_ip,
    "client_user_agent": clicks.client_user_agent,
}
RAW_FIELDS = (*NORMALISERS, *HASH_ONLY, *CLEAR)

NOBODY = UserData()


def normalise(
    raw: Mapping[str, Any], region: str = "", event_time_ms: int = 0
) -> tuple[UserData, tuple[Dropped, ...]]:
    """Normalise, hash and check every field; never raises for any JSON value.

    `region` is the tenant's default country; the user's own `country` goes before it. `event_time_ms` is
    what the age of a click cookie is measured against. A null field is absent; an unusable one is dropped, with
    the reason, and the others stay. A bare `fbclid` is no match key: :func:`read_fbclid`.
    """
    if not raw:
        return NOBODY, ()
    found: dict[str, Any] = {}
    dropped: list[Dropped] = []
    region = _own_region(raw) or region
    for field, given in raw.items():
        if given is None:
            continue
        if field in CLEAR:
            if answer := _first(field, given, CLEAR[field], event_time_ms, dropped):
                found[field] = answer
        elif field in NORMALISERS or field in HASH_ONLY:
            _take_hashed(field, given, region, event_time_ms, found, dropped)
        else:
            dropped.append(Dropped("user_data.*", "is no field that is known here"))
    return UserData(**found), tuple(dropped)


def _take_hashed(
    field: str,
    given: object,
    region: str,
    event_time_ms: int,
    found: dict[str, Any],
    dropped: list[Dropped],
) -> None:
    for value in _values(field, given, dropped):
        text = _text(value)
        answer = text if isinstance(text, Bad) else match(field, text, region)
        if field == "db" and isinstance(answer, Match) and answer.clear > _day(event_time_ms):
            answer = Bad("is after the event")
        if isinstance(answer, Bad):
            dropped.append(Dropped(f"user_data.{field}", answer.reason))
            continue
        for form, digest in answer.hashes:
            known = found.get(form)
            if known is None:
                found[form] = (digest,)
            elif digest not in known:
                found[form] = (*known, digest)
        if answer.clear and field in CLEAR_FORMS:
            found.setdefault(CLEAR_FORMS[field], answer.clear)


def read_fbclid(given: object, cookie: object, event_time_ms: int, dropped: list[Dropped]) -> str:
    """Meta's click id as a URL brought it, or "" when the cookie `fbc` of the same event tells of this click."""
    if given is None:
        return ""
    found = _first("fbclid", given, clicks.fbclid, event_time_ms, dropped)
    cookies = cookie if isinstance(cookie, list) else [cookie]
    told = (isinstance(text, str) and clicks.dates(text.strip(), found, event_time_ms) for text in cookies)
    return "" if found and any(told) else found


def _first(
    field: str,
    given: object,
    check: Callable[[str, int], str | Bad],
    event_time_ms: int,
    dropped: list[Dropped],
) -> str:
    """The first value that can be used, as it came."""
    for value in _values(field, given, dropped):
        text = _text(value)
        answer = text if isinstance(text, Bad) else check(text.strip(), event_time_ms)
        if not isinstance(answer, Bad):
            return answer
        dropped.append(Dropped(f"user_data.{field}", answer.reason))
    return ""


def _values(field: str, given: object, dropped: list[Dropped]) -> list[Any]:
    if type(given) is not list:
        return [given]
    if len(given) > MAX_VALUES:
        dropped.append(Dropped(f"user_data.{field}", f"has more than {MAX_VALUES} values"))
    return given[:MAX_VALUES]


def _text(value: object) -> str | Bad:
    if type(value) is int and value.bit_length() <= MAX_BITS:
        value = str(value)
    if type(value) is not str:
        return Bad("is not text")
    if len(value) > MAX_VALUE:
        return Bad(f"is longer than {MAX_VALUE} characters")
    return value if value and not value.isspace() else Bad("is empty")


def _day(event_time_ms: int) -> str:
    """The day after the event, because somewhere it has begun already; no event time allows any date."""
    after_s = event_time_ms // 1_000 + DAY_S
    return f"{datetime.datetime.fromtimestamp(after_s, datetime.UTC):%Y%m%d}" if event_time_ms else "99991231"


def _own_region(raw: Mapping[str, Any]) -> str:
    given = raw.get("country")
    for value in given[:MAX_VALUES] if isinstance(given, list) else [given]:
        answer = match("country", value, "") if isinstance(value, str) else None
        if isinstance(answer, Match) and answer.clear:
            return answer.clear.upper()
    return ""
