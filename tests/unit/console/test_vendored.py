"""The files that are not ours are those that vendored.toml beside them names, and have their licences."""

from __future__ import annotations

import tomllib
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
VENDOR, BROWSER = ROOT / "agents/console/static/vendor", ROOT / "tests/browser/console"


def table(folder: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = tomllib.loads((folder / "vendored.toml").read_text(encoding="utf-8"))["file"]
    return found


@pytest.mark.parametrize("folder", [VENDOR, BROWSER], ids=["console", "tests"])
def test_a_file_is_what_the_table_says(folder: Path) -> None:
    for row in table(folder):
        assert set(row) == {"name", "from", "version", "licence", "sha256"}
        assert sha256((folder / row["name"]).read_bytes()).hexdigest() == row["sha256"], row["name"]


def test_no_file_is_missing_in_the_table() -> None:
    others = {path.name for path in VENDOR.iterdir()} - {"vendored.toml"}
    assert {row["name"] for row in table(VENDOR)} == others
    strange = {path.name for path in BROWSER.iterdir() if path.suffix in (".js", ".css", ".txt")}
    assert {row["name"] for row in table(BROWSER)} == strange


@pytest.mark.parametrize("folder", [VENDOR, BROWSER], ids=["console", "tests"])
def test_each_package_has_its_licence_beside_it(folder: Path) -> None:
    def packages(rows: list[dict[str, str]]) -> set[tuple[str, str]]:
        return {(row["from"].partition("/")[0], row["version"]) for row in rows}

    rows = table(folder)
    assert packages(rows) == packages([row for row in rows if row["name"].endswith(".LICENSE.txt")])
