"""Rejects and entries of the audit: the newest of each are kept, once. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import msgspec

from streams.events import Noted, Reject
from streams.ledger.answers import RejectSeen
from streams.ledger.index import Index
from streams.ledger.live import Place
from streams.ledger.parts import Part, Table
from streams.ledger.rows import decode_reject_row, encode_row
from streams.ledger.tally import LATEST, add, merge_into

REJECTS, NOTES = 5_000, 10_000  # most that are kept of each, per partition
decode_note = msgspec.msgpack.Decoder(Noted).decode


class Newest:
    def __init__(self, table: Table, index: Index) -> None:
        self._table, self._index = table, index

    def restore_reject(self, part: Part, key: bytes) -> None:
        reject = decode_reject_row(self._table[key])
        self._put(part, key, reject.at_ms, reject.event_id)

    def restore_note(self, part: Part, key: bytes) -> None:
        part.notes.put(decode_note(self._table[key]).at_ms, key)

    def reject(self, part: Part, reject: Reject, place: Place) -> None:
        digest = sha256(repr(msgspec.structs.astuple(reject)).encode(errors="replace")).hexdigest()[:16]
        key = f"r|{place.partition}|{digest}".encode()
        if key in self._table:
            return
        seen = msgspec.convert({**msgspec.structs.asdict(reject), "at_ms": place.at_ms}, RejectSeen)
        self._table[key] = encode_row(seen)
        self._put(part, key, place.at_ms, reject.event_id)
        count_reject(part, reject, place.at_ms)
        for oldest in part.rejects.taken(0, iter(range(2)), REJECTS):  # a flood of them comes without ticks
            self._forget_reject(oldest)

    def _put(self, part: Part, key: bytes, at_ms: int, event_id: str) -> None:
        part.rejects.put(at_ms, key)
        self._index.add_all((event_id,) if event_id else (), key)

    def note(self, part: Part, note: Noted, partition: int) -> None:
        key = f"a|{partition}|{note.note_id}".encode()
        if key not in self._table:
            self._table[key] = encode_row(note)
            part.notes.put(note.at_ms, key)

    def advance(self, part: Part, too_old_ms: int, steps: Iterator[int]) -> None:
        """Rejects go by time and number, the audit by number only."""
        for key in part.rejects.taken(too_old_ms, steps, REJECTS):
            self._forget_reject(key)
        for key in part.notes.taken(0, steps, NOTES):
            self._table.pop(key, None)

    def _forget_reject(self, key: bytes) -> None:
        value = self._table.pop(key, None)
        if value is not None and (event_id := decode_reject_row(value).event_id):
            self._index.drop_all((event_id,), key)


def count_reject(part: Part, reject: Reject, at_ms: int) -> None:
    add(part.tally.counts("m", at_ms, reject.tenant), "rejected")
    if reject.platform:
        add(part.tally.counts("m", at_ms, reject.tenant, reject.platform, reject.pixel_id), "refused")
    why = f"{reject.reason}\0{reject.field}"
    merge_into(part.tally.counts("k", at_ms, reject.tenant, reject.platform, why), {"count": 1, LATEST: at_ms})
