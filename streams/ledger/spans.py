"""The counts by minute and hour: rows of sums, written once a run, forgotten by their time. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from streams.ledger.index import Index
from streams.ledger.parts import Keep, Part, Table
from streams.ledger.rows import Sums, decode_sums, encode_row, sums_key, sums_of
from streams.ledger.tally import summed


class Spans:
    def __init__(self, table: Table, index: Index, keep: Keep) -> None:
        self._table, self._index, self._keep = table, index, keep

    def restore(self, part: Part, key: bytes) -> None:
        kind, at_ms, _ = sums_of(key)
        part.sums.put(at_ms + self._keep.of_sums_ms(kind), key)
        self._index.add_sums(kind, at_ms, key)

    def save(self, partition: int, part: Part) -> None:
        """What the partition has counted since is added; of a span that is forgotten it is not."""
        for (kind, at_ms, tenant), more in part.tally.taken():
            if at_ms + self._keep.of_sums_ms(kind) >= part.now_ms:
                self._add(part, sums_key(kind, partition, at_ms, tenant), more)

    def _add(self, part: Part, key: bytes, more: list[tuple[str, str, dict[str, int]]]) -> None:
        stored = self._table.get(key)
        sums = summed(decode_sums(stored) if stored is not None else Sums(), more)
        if stored is None:
            if not sums.parts:
                return
            self.restore(part, key)
        self._table[key] = encode_row(sums)

    def advance(self, part: Part, steps: Iterator[int]) -> None:
        for key in part.sums.taken(part.now_ms, steps):
            kind, at_ms, _ = sums_of(key)
            self._index.drop_sums(kind, at_ms, key)
            self._table.pop(key, None)
