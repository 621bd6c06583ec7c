"""Real shopper histories: the OTTO recommender data (CC BY 4.0, Otto GmbH & Co KG), see tests/data/README.md."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Literal

import msgspec

ROOT = Path(__file__).parents[2]
PLACES = (ROOT.parent / "shared/data/otto_sessions.jsonl", ROOT / "tests/data/otto_sessions.jsonl")
DAY_MS = 86_400_000


class HistoriesError(Exception):
    """The histories cannot be read; the message says what to do."""


class Action(msgspec.Struct, frozen=True):
    """One click, cart or order: article `aid` at Unix milliseconds `ts`."""

    aid: int
    ts: int
    type: Literal["clicks", "carts", "orders"]


class History(msgspec.Struct, frozen=True):
    """One visitor over four weeks, by time."""

    session: int
    events: tuple[Action, ...]

    def days(self) -> Iterator[tuple[Action, ...]]:
        """The actions of each calendar day (UTC) that has any."""
        for _, actions in groupby(self.events, key=lambda action: action.ts // DAY_MS):
            yield tuple(actions)


def find_histories() -> Path:
    """A copy next to the project wins over the one in it. Raises HistoriesError."""
    for place in PLACES:
        if place.is_file():
            return place
    raise HistoriesError(
        f"no visitor histories at {PLACES[-1]}: run from a clone, or name a file with --histories"
    )


def load_histories(path: Path) -> list[History]:
    """One history a line. Raises HistoriesError, which names the line."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise HistoriesError(f"{path} cannot be read: {error.strerror}") from error
    return [_history(path, number, line) for number, line in enumerate(lines, 1)]


def _history(path: Path, number: int, line: bytes) -> History:
    try:
        return msgspec.json.decode(line, type=History)
    except msgspec.DecodeError as error:
        raise HistoriesError(f"{path}, line {number}: {error}") from error
