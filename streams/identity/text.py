"""Characters: what every normaliser does to a text before its own rules."""

from __future__ import annotations

import unicodedata

# Copied along with text from web pages and documents, invisible, and never part of what was meant.
_INVISIBLE = frozenset("\u00ad\u061c\u200b\u200e\u200f\u2060\ufeff") | {
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def is_unicode(text: str) -> bool:
    """Whether the text has bytes at all; half a surrogate pair has none."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def fold(text: str) -> str:
    """NFC, full-width forms and every script's digits as ASCII, invisible characters and outer space gone."""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", "".join(map(_plain, unicodedata.normalize("NFC", text)))).strip()


def _plain(char: str) -> str:
    if char in _INVISIBLE:
        return ""
    if "\uff01" <= char <= "\uff5e":
        return chr(ord(char) - 0xFEE0)
    digit = unicodedata.decimal(char, -1)
    return char if digit < 0 else str(digit)


def bare(text: str, kinds: str) -> str:
    """Lower-case characters of the given Unicode kinds (L letters, M marks, N numbers), the rest removed."""
    lower = fold(text).lower()
    if lower.isascii() and lower.isalpha():
        return lower
    return unicodedata.normalize("NFC", "".join(char for char in lower if unicodedata.category(char)[0] in kinds))


def unaccented(text: str) -> str:
    """Letters only, lower case, without accents: for looking words up, never for hashing."""
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if unicodedata.category(c)[0] == "L")
