"""Countries to ISO 3166-1 alpha-2, lower case, from codes and names in many languages.

Source: Meta "Customer Information Parameters" (country), read November 2026.
"""

from __future__ import annotations

import re

from streams.identity.country_table import TABLE
from streams.identity.text import unaccented
from streams.identity.values import Bad

_STYLED = re.compile(
    r"(?:.*\s)?(?:republic|kingdom|commonwealth|principality|state|union|sultanate|duchy) of (.+)", re.I
)
_BETWEEN = re.compile(r"[()\[\]/|:]|\s[-–—]\s")


def _key(name: str) -> str:
    key = unaccented(name).removeprefix("the")
    return "st" + key[5:] if key.startswith("saint") else key


def _index() -> dict[str, str]:
    codes: dict[str, str] = {}
    names: dict[str, str] = {}
    for line in TABLE.splitlines():
        alpha2, alpha3, known_as = line.split(" ", 2)
        codes |= {alpha2.lower(): alpha2.lower(), alpha3.lower(): alpha2.lower()}
        names |= {_key(name): alpha2.lower() for name in known_as.split("|")}
    return names | codes


_COUNTRIES = _index()


def country(text: str, region: str = "") -> str | Bad:
    """`US`, `usa`, `United States`, `Estados Unidos`, `United States (US)`, `Korea, Republic of` -> alpha-2."""
    return _known(text) or _turned(text) or _said_twice(text) or Bad("is no country that is known here")


def _known(name: str) -> str | None:
    """By code or name, or by the name in `Kingdom of Spain`: Congo, Korea and China are listed in full."""
    code = _COUNTRIES.get(_key(name))
    styled = None if code else _STYLED.fullmatch(name)
    return _COUNTRIES.get(_key(styled[1])) if styled else code


def _turned(text: str) -> str | None:
    """ISO 3166-1 lists names as `Iran, Islamic Republic of`."""
    last, comma, first = text.partition(",")
    return _known(f"{first} {last}") if comma else None


def _said_twice(text: str) -> str | None:
    """`United Kingdom (UK)`, `DE - Germany`: name and code, when both mean the same country."""
    meant = {_known(part) for part in _BETWEEN.split(text) if part.strip()}
    return meant.pop() if len(meant) == 1 else None
