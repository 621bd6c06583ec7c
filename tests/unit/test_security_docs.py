"""docs/security.md: each threat names tests, and each of those exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = re.compile(r"^\| (?!threat|-)(?P<threat>[^|]+) \| [^|]+ \| (?P<tests>[^|]+) \|$", re.M)


def rows() -> list[tuple[str, list[str]]]:
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    return [(row["threat"], re.findall(r"`(test_\w+)`", row["tests"])) for row in TABLE.finditer(text)]


def written() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text(encoding="utf-8"))}


def test_every_threat_has_tests_that_exist() -> None:
    there = written()
    assert len(rows()) >= 15
    assert [threat for threat, named in rows() if not named] == []
    assert {name for _, named in rows() for name in named} - there == set()
