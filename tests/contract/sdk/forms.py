"""The same input through three normalisers: ours, the SDK's, and phonenumbers as it is.

The SDK is imported when it is first asked: it pulls in `requests`, and nothing but tests and benches has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import phonenumbers

from streams.identity import Bad, match

Theirs = str | None | type[Exception]
"""A normal form, None when the field is left out, or what is raised: then the whole event is lost."""

Differences = Mapping[str, Sequence[tuple[str, str, str, str | None, Theirs]]]
"""Reason -> (field, region, input, our form, theirs)."""


@cache
def _sdk(module: str, name: str) -> Any:
    return getattr(import_module(f"facebook_business.adobjects.serverside.{module}"), name)


def sdk_user(**fields: str) -> Any:
    """The SDK's UserData; its `normalize()` gives the `user_data` object of an event."""
    return _sdk("user_data", "UserData")(**fields)


def ours(field: str, text: str, region: str = "") -> str | None:
    """What we hash for Meta; of a value that came hashed, the hash itself."""
    answer = match(field, text, region)
    if isinstance(answer, Bad):
        return None
    clear = answer.clear.removeprefix("+") if field == "ph" else answer.clear
    return clear or answer.hashes[0][1]


def sdk(field: str, text: str) -> Theirs:
    """What Meta's SDK hashes, and for `external_id`, which it does not look at, what it sends."""
    try:
        if field == "external_id":
            (sent,) = sdk_user(external_id=text).normalize()[field]
            return str(sent)
        form: str | None = _sdk("normalize", "Normalize").normalize_field_skip_hashing(field, text)
    except Exception as error:
        return type(error)
    return form


def ours_e164(text: str, region: str = "") -> str | None:
    answer = match("ph", text, region)
    return None if isinstance(answer, Bad) else answer.clear or answer.hashes[0][1]


def plain_e164(text: str, region: str = "") -> str | None:
    """phonenumbers without any help: parsed in the region, valid or nothing."""
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
