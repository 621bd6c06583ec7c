"""City, state and postal code.

Sources: Meta "Customer Information Parameters" (ct, st, zp), TikTok "Events API 2.0" (city, state, zip_code),
read November 2026; shapes of postal codes: the posts' own, as the Universal Postal Union lists them. Where the
platforms are silent or differ: docs/platforms.md.
"""

from __future__ import annotations

import re

from streams.identity.states import STATES
from streams.identity.text import bare, unaccented
from streams.identity.values import Bad

MAX_PLACE = 100  # characters; TikTok gets cities and states in the clear, so no free text may pass for one
MAX_POSTAL_CODE = 10  # characters without spaces and dashes; Iran's have ten
MAX_STATE_DIGITS = 3  # French departments have up to three; a phone number must not pass for a state

_ISO_3166_2 = re.compile(r"([A-Za-z]{2})-([A-Za-z0-9]{1,3})")
_ZIP_PLUS_4 = re.compile(r"\d{5}-\d{4}")
_UK_WITH_UNIT = re.compile(r"([a-z]{1,2}\d[a-z\d]?\d|gir0)[a-z]{2}")

# `D-10115`, `SE-114 55`: the country before the code, by ISO code or by the sign on its cars.
_CAR_SIGNS = {"AT": "a", "BE": "b", "DE": "d", "ES": "e", "FI": "fin", "FR": "f"} | {
    "HU": "h",
    "IT": "i",
    "LU": "l",
    "NO": "n",
    "PT": "p",
    "SE": "s",
}

# Shape of a postal code, without spaces and dashes, in lower case.
_ZIP_SHAPES = {
    region: re.compile(shape)
    for shape, regions in {
        r"\d{3}": "FO IS",
        r"\d{4}": "AT AU BE BG CH CY DK GE HU LI LU LV NO NZ PH SI TN ZA",
        r"\d{5}": "CZ DE EE ES FI FR GR HR ID IT KR LT MX MY PK PL RS SA SE SK TH TR UA",
        r"\d{6}": "CN CO IN KZ NG RO RU SG VN",
        r"\d{7}": "CL JP",
        r"\d{8}": "BR",
        r"\d{3}(\d{2,3})?": "TW",
        r"\d{4}(\d{3})?": "PT",
        r"\d{5}(\d{2})?": "IL",
        r"\d{5}(\d{4})?": "US",
        r"\d{4}|[a-z]\d{4}[a-z]{3}": "AR",
        r"[1-9]\d{3}([a-z]{2})?": "NL",
        r"[a-z]\d[a-z](\d[a-z]\d)?": "CA",
        r"[a-z](\d\d|6w)([a-z\d]{4})?": "IE",
        r"([a-z]{1,2}\d[a-z\d]?\d|gir0)([a-z]{2})?": "GB",
    }.items()
    for region in regions.split()
}


def city(text: str, region: str = "") -> str | Bad:
    """`New York` -> `newyork`, `São Paulo` -> `sãopaulo`."""
    return _place(bare(text, "L"))


def state(text: str, region: str = "") -> str | Bad:
    """`California`, US -> `ca`; `Île-de-France`, FR -> `îledefrance`. In the United States a state it must be."""
    parts = _ISO_3166_2.fullmatch(text)
    if parts and (parts[1].upper() == region or (not region and parts[1].upper() in STATES)):
        region, text = parts[1].upper(), parts[2]
    code = STATES.get(region or "US", {}).get(unaccented(text))
    if code or region == "US":
        return code or Bad("is no state of the United States")
    if sum(map(str.isdigit, text)) > MAX_STATE_DIGITS:
        return Bad("is a number, not a state")
    return _place(bare(text, "LN"))


def _place(name: str) -> str | Bad:
    if not name:
        return Bad("has no letters")
    return name if len(name) <= MAX_PLACE else Bad(f"is longer than {MAX_PLACE} characters")


def postal_code(text: str, region: str = "") -> str | Bad:
    """`94305-1234`, US -> `94305`; `M1 1AE`, GB -> `m11`; `1234 AB`, NL -> `1234ab`; `D-10115`, DE -> `10115`."""
    code = bare(text, "LN")
    shape = _ZIP_SHAPES.get(region)
    if shape and not shape.fullmatch(code):
        code = _after_the_country(code, region)
        if not shape.fullmatch(code):
            return Bad("has not the shape of the country's postal codes")
    if not any(map(str.isdigit, code)) or len(code) > MAX_POSTAL_CODE:
        return Bad("is no postal code")
    if region == "US" or (not region and _ZIP_PLUS_4.fullmatch(text)):
        return code[:5]
    unit = _UK_WITH_UNIT.fullmatch(code) if region == "GB" else None
    return unit[1] if unit else code


def _after_the_country(code: str, region: str) -> str:
    signs = (region.lower(), _CAR_SIGNS.get(region, region.lower()))
    return next((code.removeprefix(sign) for sign in signs if code.startswith(sign)), code)
