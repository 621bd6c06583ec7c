"""Phone numbers: E.164, valid by the phonenumbers metadata, else not used.

Meta hashes the digits, TikTok hashes them with `+` (Meta "Customer Information Parameters" and
TikTok "Events API 2.0", read November 2026), so :func:`phone` gives the `+`
form, and Meta's is the same without it.
"""

from __future__ import annotations

import re

import phonenumbers

from streams.identity.text import fold
from streams.identity.values import Bad

_EXTENSION = re.compile(r"[\s,;]*(?:ext(?:ension|n)?\.?|x|#|;ext=)\s*[.:=]?\s*\d{1,7}$", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_NOT_DIGITS = re.compile(r"\D")
MAX_LENGTH = 64


def phone(text: str, region: str = "") -> str | Bad:
    """`(650) 555-1212`, US -> `+16505551212`. A number without country code needs a region."""
    given = fold(text).removeprefix("tel:")
    number = _EXTENSION.sub("", given) if len(given) <= MAX_LENGTH else given
    if len(number) > MAX_LENGTH or _LETTER.search(number):
        return Bad("is not a phone number")
    digits = _NOT_DIGITS.sub("", number)
    if digits.startswith("00"):
        number = "+" + digits[2:]
    if number.startswith("+"):
        return _e164(number, None)
    if not region:
        return Bad("needs a country code, or a country")
    if _lacks_only_the_plus(digits, region) and not isinstance(whole := _e164(f"+{digits}", None), Bad):
        return whole
    return _e164(number, region)


def _lacks_only_the_plus(digits: str, region: str) -> bool:
    """`491701234567` in Germany, where a number at home would begin with 0: 49 is the country code. The metadata
    alone would take it for a long number of a town whose area code happens to be 491."""
    prefix = phonenumbers.ndd_prefix_for_region(region, True)
    country_code = str(phonenumbers.country_code_for_region(region))
    return prefix is not None and not digits.startswith(prefix) and digits.startswith(country_code)


def _e164(number: str, region: str | None) -> str | Bad:
    try:
        found = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return Bad("is not a phone number")
    if not phonenumbers.is_valid_number(found):
        return Bad("is not a valid number of its country")
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
