"""Money and items as both platforms take them. What they would refuse is left out: a bad field costs a batch."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any


def money(custom: Mapping[str, Any]) -> dict[str, Any]:
    """`value`, a finite number, and `currency`, three capital letters (the shape of ISO 4217): the usable ones."""
    value, currency = custom.get("value"), custom.get("currency")
    usable: dict[str, Any] = {}
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        usable["value"] = value
    if isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isalpha():
        usable["currency"] = currency.upper()
    return usable


def items(custom: Mapping[str, Any], id_names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The members of `contents` that have an id by one of `id_names`."""
    contents = custom.get("contents")
    members = contents if isinstance(contents, list | tuple) else ()
    return [item for item in members if isinstance(item, dict) and any(item.get(name) for name in id_names)]
