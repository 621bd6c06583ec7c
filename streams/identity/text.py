"""Characters: what happens to every text before the rules of its field, and what those rules have in common."""

from __future__ import annotations

import unicodedata

# Copied along with text from web pages and documents, invisible, and never part of what was meant: soft hyphen,
# zero-width characters, direction marks, variation selectors (of emoji and of Chinese characters).
_INVISIBLE = frozenset("\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff") | {
    chr(code)
    for code in (
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    )
}
_WIDTH_FORMS = ("\uff01", "\uffee")

# What a page or a template sends when it knows nobody. One hash of it would make all of its guests one person.
_UNFILLED = frozenset({"undefined", "[object object]", "(not set)", "(not provided)", "(null)", "n/a", "#n/a"})
_TEMPLATES = (("{{", "}}"), ("${", "}"), ("%%", "%%"), ("<%", "%>"))


def is_unicode(text: str) -> bool:
    """Whether the text has bytes at all; half a surrogate pair has none."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def is_unfilled(text: str) -> bool:
    """`undefined`, `(not set)`, `{{email}}`: the place of a value, not a value."""
    lower = text.lower()
    return lower in _UNFILLED or any(lower.startswith(start) and lower.endswith(end) for start, end in _TEMPLATES)


def fold(text: str) -> str:
    """NFC, full-width forms and every script's digits as ASCII, half-width kana as kana, invisible characters and
    outer space gone."""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", "".join(map(_plain, unicodedata.normalize("NFC", text)))).strip()


def _plain(char: str) -> str:
    if char in _INVISIBLE:
        return ""
    if _WIDTH_FORMS[0] <= char <= _WIDTH_FORMS[1]:
        return unicodedata.normalize("NFKC", char)
    digit = unicodedata.decimal(char, -1)
    return char if digit < 0 else str(digit)


def bare(text: str, kinds: str) -> str:
    """Lower-case characters of the given Unicode kinds (L letters, N numbers) with their marks, NFC."""
    lower = text.lower()
    if lower.isascii() and lower.isalpha():
        return lower
    kept: list[str] = []
    stands = False  # whether a mark has a kept character to stand on; alone, or on a removed one, it is nothing
    for char in lower:
        kind = unicodedata.category(char)
        if kind not in ("Mn", "Mc"):
            stands = kind[0] in kinds
        if stands:
            kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))


def has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))


def unaccented(text: str) -> str:
    """Letters only, lower case, without accents, `and` for `&`: for looking words up, never for hashing."""
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ")).casefold()
    # Lm: the apostrophes of Hawaiʻi and Oʻzbekiston, which half of the world leaves out.
    return "".join(c for c in plain if unicodedata.category(c) in ("Ll", "Lu", "Lt", "Lo"))
