"""One clear value of one field to the forms that the platforms match by."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from streams.identity.birth import birth_date
from streams.identity.countries import country
from streams.identity.email import email
from streams.identity.hashes import already_hashed, other_hash, sha256_hex
from streams.identity.names import external_id, gender, name
from streams.identity.phone import phone
from streams.identity.places import city, postal_code, state
from streams.identity.text import fold, is_unfilled, is_unicode
from streams.identity.values import Bad, Normaliser

MAX_VALUE = 1_024  # characters of one value
CACHED_VALUES = 16_384

NORMALISERS: dict[str, Normaliser] = {
    "em": email,
    "ph": phone,
    "fn": name,
    "ln": name,
    "ge": gender,
    "db": birth_date,
    "ct": city,
    "st": state,
    "zp": postal_code,
    "country": country,
    "external_id": external_id,
}

# The only form in which a value that came hashed may go on, by field.
HASH_ONLY = frozenset({"ph_e164"})

NAMES = frozenset({"fn", "ln"})  # people are called Null

MAY_HOLD_AT = frozenset({"em", "ph", "external_id"})

# Fields that TikTok also takes unhashed, and where UserData keeps them.
CLEAR_FORMS = {"ct": "city", "st": "state", "country": "country_code"}


class Match(NamedTuple):
    """`hashes` maps fields of UserData to a lower-case hex SHA-256; `clear` is the normalised text, "" when the
    value came hashed."""

    hashes: tuple[tuple[str, str], ...]
    clear: str = ""


@lru_cache(maxsize=CACHED_VALUES)
def match(field: str, text: str, region: str) -> Match | Bad:
    """Normalise and hash. A value that came hashed passes as it is, and serves only the form that it has: a
    hashed `ph` is Meta's (digits), a hashed `ph_e164` is TikTok's (with `+`)."""
    if len(text) > MAX_VALUE:
        return Bad(f"is longer than {MAX_VALUE} characters")
    if not is_unicode(text):
        return Bad("is not Unicode text")
    folded = fold(text)
    if not folded:
        return Bad("is empty")
    hashed = already_hashed(folded)
    if hashed is not None:
        return hashed if isinstance(hashed, Bad) else Match(((field, hashed),))
    if field in HASH_ONLY:
        return Bad("has to be a SHA-256 hash; a clear number belongs in ph")
    return _clear(field, folded, region)


def _clear(field: str, text: str, region: str) -> Match | Bad:
    if is_unfilled(text) or (field not in NAMES and text.lower() == "null"):
        return Bad("is a placeholder")
    # An external id may well be a UUID without dashes, so its length says nothing.
    if field != "external_id" and (other := other_hash(text)):
        return other
    # Somebody's address in the wrong field must not become a city, which TikTok gets in the clear.
    if field not in MAY_HOLD_AT and "@" in text:
        return Bad("holds an @")
    clear = NORMALISERS[field](text, region)
    if isinstance(clear, Bad):
        return clear
    if field == "ph":
        return Match((("ph", sha256_hex(clear.removeprefix("+"))), ("ph_e164", sha256_hex(clear))), clear)
    return Match(((field, sha256_hex(clear)),), clear)
