"""City, state and postal code.

Sources: Meta "Customer Information Parameters" (ct, st, zp), TikTok "Events API 2.0" (city, state, zip_code),
read November 2026. Where they are silent or differ: docs/platforms.md.
"""

from __future__ import annotations

import re

from streams.identity.states import STATES
from streams.identity.text import bare, fold, unaccented
from streams.identity.values import Bad

MAX_STATE_DIGITS = 3  # French departments have up to three; a phone number must not pass for a state

_ISO_3166_2 = re.compile(r"([A-Za-z]{2})-([A-Za-z0-9]{1,3})")
_ZIP_PLUS_4 = re.compile(r"\d{5}-\d{4}")
_UK_WITH_UNIT = re.compile(r"([a-z]{1,2}\d[a-z\d]?\d)[a-z]{2}")

# Shape of a postal code, without spaces and dashes, in lower case.
_ZIP_SHAPES = {
    region: re.compile(shape)
    for regions, shape in {
        "US": r"\d{5}(\d{4})?",
        "GB": r"[a-z]{1,2}\d[a-z\d]?\d([a-z]{2})?",
        "CA": r"[a-z]\d[a-z](\d[a-z]\d)?",
        "NL": r"\d{4}([a-z]{2})?",
        "PT": r"\d{4}(\d{3})?",
        "DE FR ES IT FI MX TR": r"\d{5}",
        "SE GR CZ SK": r"\d{5}",
        "AT AU BE BG CH DK HU LU NO NZ SI ZA": r"\d{4}",
        "CN IN RO RU SG": r"\d{6}",
        "JP": r"\d{7}",
        "BR": r"\d{8}",
        "PL": r"\d{5}",
    }.items()
    for region in regions.split()
}


def city(text: str, region: str = "") -> str | Bad:
    """`New York` -> `newyork`, `São Paulo` -> `sãopaulo`."""
    return bare(text, "LM") or Bad("has no letters")


def state(text: str, region: str = "") -> str | Bad:
    """`California`, US -> `ca`; `Île-de-France`, FR -> `îledefrance`. In the United States a state it must be."""
    given = fold(text)
    parts = _ISO_3166_2.fullmatch(given)
    if parts and (parts[1].upper() == region or (not region and parts[1].upper() in STATES)):
        region, given = parts[1].upper(), parts[2]
    code = STATES.get(region or "US", {}).get(unaccented(given))
    if code or region == "US":
        return code or Bad("is no state of the United States")
    if sum(map(str.isdigit, given)) > MAX_STATE_DIGITS:
        return Bad("is a number, not a state")
    return bare(given, "LMN") or Bad("has no letters")


def postal_code(text: str, region: str = "") -> str | Bad:
    """`94305-1234`, US -> `94305`; `M1 1AE`, GB -> `m11`; `1234 AB`, NL -> `1234ab`."""
    given = fold(text)
    code = bare(given, "LN")
    shape = _ZIP_SHAPES.get(region)
    if not code or (shape and not shape.fullmatch(code)):
        return Bad("has not the shape of the country's postal codes" if code else "has no characters")
    if region == "US" or (not region and _ZIP_PLUS_4.fullmatch(given)):
        return code[:5]
    unit = _UK_WITH_UNIT.fullmatch(code) if region == "GB" else None
    return unit[1] if unit else code
