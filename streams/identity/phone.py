"""Phone numbers: E.164, valid by the phonenumbers metadata, else not used.

Meta hashes the digits, TikTok hashes them with `+` (Meta "Customer Information Parameters" and
TikTok "Events API 2.0", read November 2026), so :func:`phone` gives the `+`
form, and Meta's is the same without it.
"""

from __future__ import annotations

import re

import phonenumbers

from streams.identity.values import Bad

MAX_LENGTH = 64

# In the words of English, German, French, Spanish, Portuguese and Russian speakers.
_EXTENSION = re.compile(
    r"[\s,;/-]*\(?(?:ext(?:ension|n)?|x|#|int(?:erno)?|durchwahl|dw|poste|anexo|ramal|доб)\s*[.:=#]?\s*\d{1,7}\)?$",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")
_NOT_DIGITS = re.compile(r"\D")
_PLUS = re.compile(r"\D*\+")  # `(+1) 213 …`, too
# A slash alone divides the area from the number in Germany; before another 0 or + it divides two numbers.
_SEVERAL = re.compile(r"\d\D*[,;|\n]\D*\d|(?:\d\D*){6}/\D*[0+]|\d\D*\+")
_SAME_DIGIT = re.compile(r"(\d)\1*")


def phone(text: str, region: str = "") -> str | Bad:
    """`(650) 555-1212`, US -> `+16505551212`. A number without country code needs a region."""
    if len(text) > MAX_LENGTH:
        return Bad("is not a phone number")
    number = _EXTENSION.sub("", text.lower().removeprefix("tel:"))
    if _LETTER.search(number):
        return Bad("is not a phone number")
    if _SEVERAL.search(number):
        return Bad("is more than one number")
    return _parsed(_NOT_DIGITS.sub("", number), _PLUS.match(number) is not None, region)


def _parsed(digits: str, plus: bool, region: str) -> str | Bad:
    if digits.startswith("00"):
        abroad = _e164(f"+{digits[2:]}", None)
        # Not every country dials abroad with 00: Australia's 0011 is for the metadata to know.
        return _e164(digits, region) if region and isinstance(abroad, Bad) else abroad
    if plus:
        return _e164(f"+{digits}", None)
    if not region:
        return Bad("needs a country code, or a country")
    if _lacks_only_the_plus(digits, region) and not isinstance(whole := _e164(f"+{digits}", None), Bad):
        return whole
    return _e164(digits, region)


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
    if _SAME_DIGIT.fullmatch(str(found.national_number)):
        return Bad("is a placeholder")  # 9999999999 is a valid number in India
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
