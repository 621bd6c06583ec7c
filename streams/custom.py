"""`custom_data` of a raw event: typed where known, own keys kept, what is no use dropped with a reason.

An event always survives here. A Purchase whose `value` or `currency` was dropped goes on too: the platforms'
preflight refuses it where it would cost a whole request, and says so on the destination's own account.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from streams.identity.values import Bad, Dropped
from streams.privacy import holds_email, is_personal_name

MAX_KEYS = 50
MAX_KEY = 64  # characters
MAX_TEXT = 1_024  # characters
MAX_ITEMS = 200  # of any list
MAX_DEPTH = 4  # of own values: a list of objects of texts has depth 3
MAX_WHOLE = 2**53  # beyond it JSON readers lose digits

_CURRENCY = re.compile(r"[A-Z]{3}")


def read_custom(raw: object) -> tuple[dict[str, Any], list[Dropped]]:
    """The usable part of `custom_data`, and what was left out. Takes any JSON value, never raises."""
    if raw is None:
        return {}, []
    if not isinstance(raw, dict):
        return {}, [Dropped("custom_data", "is not an object")]
    kept: dict[str, Any] = {}
    dropped = [Dropped("custom_data", f"has more than {MAX_KEYS} keys")] if len(raw) > MAX_KEYS else []
    for key, value in list(raw.items())[:MAX_KEYS]:
        if value is not None:
            _take(key, value, kept, dropped)
    return kept, dropped


def _take(key: str, value: Any, kept: dict[str, Any], dropped: list[Dropped]) -> None:
    # Names of own keys are not counted by: they are the producer's, and without bound.
    field = f"custom_data.{key}" if key in KNOWN else "custom_data.*"
    if key == "contents":
        answer: Any = _contents(value, dropped)
    else:
        answer = KNOWN[key](value) if key in KNOWN else _own(key, value)
    if isinstance(answer, Bad):
        dropped.append(Dropped(field, answer.reason))
    else:
        kept[key] = answer


def number(value: object) -> float | int | Bad:
    """A finite number, or a text that is one: `"12.50"` -> 12.5."""
    if isinstance(value, str):
        try:
            value = float(value) if len(value) <= 32 and value.isascii() and "_" not in value else float("nan")
        except ValueError:
            return Bad("is not a number")
    if type(value) is not float and type(value) is not int:
        return Bad("is not a number")
    return value if abs(value) <= MAX_WHOLE else Bad("is not a finite number")


def whole(value: object) -> int | Bad:
    """A whole number, also as text or as 2.0."""
    found = number(value)
    if isinstance(found, Bad):
        return found
    return int(found) if found == int(found) else Bad("is not a whole number")


def currency(value: object) -> str | Bad:
    """Three letters, upper case: the shape of ISO 4217, not its list."""
    code = value.strip().upper() if isinstance(value, str) else ""
    return code if _CURRENCY.fullmatch(code) else Bad("is not a currency code of three letters")


def text(value: object) -> str | Bad:
    """A text, or a whole number as text."""
    if type(value) is int:
        value = str(value)
    if type(value) is not str:
        return Bad("is not text")
    if len(value) > MAX_TEXT:
        return Bad(f"is longer than {MAX_TEXT} characters")
    return Bad("holds an e-mail address") if holds_email(value) else value


def texts(value: object) -> list[str] | Bad:
    """One text or a list of them; a member that is no use spoils the list."""
    given = value if isinstance(value, list) else [value]
    if len(given) > MAX_ITEMS:
        return Bad(f"has more than {MAX_ITEMS} members")
    answers = [text(member) for member in given]
    found = [answer for answer in answers if not isinstance(answer, Bad)]
    return found if found and len(found) == len(answers) else Bad("is not a list of texts")


KNOWN: dict[str, Callable[[Any], Any]] = {
    "value": number,
    "predicted_ltv": number,
    "currency": currency,
    "content_ids": texts,
    "num_items": whole,
    **dict.fromkeys(
        ("content_type", "content_name", "content_category", "order_id", "search_string", "status"), text
    ),
    "contents": lambda value: value,
}
_ITEM: dict[str, Callable[[Any], Any]] = {"id": text, "quantity": whole, "item_price": number}
_TIKTOK_NAMES = {"content_id": "id", "price": "item_price"}


def _contents(value: object, dropped: list[Dropped]) -> list[dict[str, Any]] | Bad:
    """Items with an id; Meta refuses a whole request for one without (100/2804008)."""
    given = value if isinstance(value, list) else [value]
    if len(given) > MAX_ITEMS:
        return Bad(f"has more than {MAX_ITEMS} members")
    items = [item for member in given if (item := _item(member, dropped))]
    return items or Bad("has no item with an id")


def _item(member: object, dropped: list[Dropped]) -> dict[str, Any]:
    item: dict[str, Any] = {}
    for key, value in _in_metas_words(member):
        answer = _ITEM[key](value) if key in _ITEM else _own(key, value)
        if isinstance(answer, Bad):
            dropped.append(Dropped(f"custom_data.contents.{key if key in _ITEM else '*'}", answer.reason))
        else:
            item[key] = answer
    if not item.get("id"):
        dropped.append(Dropped("custom_data.contents", "an item has no id"))
        return {}
    return item


def _in_metas_words(member: Any) -> list[tuple[str, Any]]:
    """The item's own keys and values; TikTok's names count where Meta's are not given."""
    if not isinstance(member, dict):
        return []
    words = {key: key for key in member} | {
        theirs: ours for theirs, ours in _TIKTOK_NAMES.items() if ours not in member
    }
    return [(words[key], value) for key, value in member.items() if value is not None]


def _own(key: str, value: object) -> Any:
    """A value of the producer's own making, kept as it is when it is small and nobody's."""
    if not 0 < len(key) <= MAX_KEY:
        return Bad(f"has a name that is empty or longer than {MAX_KEY} characters")
    if is_personal_name(key) or holds_email(key):
        return Bad("is named after personal data")
    return _fault(value, MAX_DEPTH) or value


def _fault(value: object, depth: int) -> Bad | None:
    if isinstance(value, dict | list):
        return _fault_within(value, depth)
    if value is None or isinstance(value, bool):
        return None
    answer = text(value) if isinstance(value, str) else number(value)
    return answer if isinstance(answer, Bad) else None


def _fault_within(value: dict[str, Any] | list[Any], depth: int) -> Bad | None:
    if depth <= 1:
        return Bad(f"is nested deeper than {MAX_DEPTH}")
    if len(value) > MAX_ITEMS:
        return Bad(f"has more than {MAX_ITEMS} members")
    if isinstance(value, dict):
        faults = (
            Bad("holds a key that is named after personal data")
            if is_personal_name(key) or holds_email(key) or len(key) > MAX_KEY
            else _fault(member, depth - 1)
            for key, member in value.items()
        )
    else:
        faults = (_fault(member, depth - 1) for member in value)
    return next((fault for fault in faults if fault), None)
