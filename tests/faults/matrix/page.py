"""Puts the table into a page of the docs, between two markers; all else there stays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

BEGIN, END = "<!-- matrix: begin -->", "<!-- matrix: end -->"


class PageError(Exception):
    """The page has not one of each marker, in their order."""


def with_table(text: str, lines: Sequence[str]) -> str:
    """`text` with `lines` in place of what was between the markers. Raises PageError."""
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended) or BEGIN in rest or END in after:
        raise PageError(f"one {BEGIN} and one {END} behind it are needed")
    return "\n".join([before + BEGIN, *lines, END + after])


def write(path: Path, lines: Sequence[str]) -> None:
    """Raises PageError, OSError."""
    path.write_text(with_table(path.read_text(encoding="utf-8"), lines), encoding="utf-8")
