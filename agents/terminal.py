"""Text of others on a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """Without control characters, which could recolour or overwrite what follows: ids are a visitor's word."""
    return "".join(character if character.isprintable() else "�" for character in text)
