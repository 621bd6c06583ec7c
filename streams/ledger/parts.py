"""What a worker remembers of a partition's rows beside the table, and how much it keeps. Pure."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import NamedTuple

from streams.ledger.shelves import Shelf
from streams.ledger.tally import Tally

Table = MutableMapping[bytes, bytes]  # key -> encoded row, see streams.ledger.rows


class Keep(NamedTuple):
    """How long and how much: milliseconds of log time, and events per partition."""

    ledger_ms: int = 604_800_000
    minutes_ms: int = 86_400_000
    events: int = 250_000

    def of_sums_ms(self, kind: str) -> int:
        return self.minutes_ms if kind == "m" else self.ledger_ms


class Part:
    def __init__(self) -> None:
        self.events = 0
        self.now_ms = 0
        self.tally = Tally()
        self.pages, self.sums, self.rejects, self.notes = Shelf(), Shelf(), Shelf(), Shelf()
        self.erased: dict[tuple[str, int, bytes], int] = {}  # -> log time of the erasure
