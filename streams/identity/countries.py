"""Countries to ISO 3166-1 alpha-2, lower case, from codes and names in many languages.

Source: Meta "Customer Information Parameters" (country), read November 2026.
"""

from __future__ import annotations

from streams.identity.country_table import TABLE
from streams.identity.text import fold, unaccented
from streams.identity.values import Bad


def _key(name: str) -> str:
    return unaccented(name.replace("&", " and ")).removeprefix("the")


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
    """`US`, `usa`, `United States`, `Estados Unidos` -> `us`."""
    return _COUNTRIES.get(_key(fold(text))) or Bad("is no country that is known here")
