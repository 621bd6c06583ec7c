"""Whose events are not to be remembered: which pages have them, and which late batches. Pure.

A person is (tenant, number of the field, first bytes of the digest).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from streams.events import Batch, Enriched, Erase
from streams.ledger.pages import FIELD_NUMBER, HASHED
from streams.ledger.parts import Part, Table
from streams.ledger.rows import Erased, decode_erased, decode_page, encode_row, session_of
from streams.ledger.states import prefix

ERASURES = 1_000  # the newest that a partition remembers


def restore_erased(part: Part, row: bytes) -> None:
    part.erased = {(t, f, p): at_ms for t, f, p, at_ms in decode_erased(row).people}


def remember(part: Part, erase: Erase, at_ms: int) -> bytes:
    """Takes the erasure in; the row to store."""
    part.erased[erase.tenant, FIELD_NUMBER.get(erase.field, -1), prefix(erase.digest)] = at_ms
    newest = sorted(part.erased.items(), key=lambda item: item[1])[-ERASURES:]
    part.erased = dict(newest)
    return encode_row(Erased([(*who, at) for who, at in newest]))


def is_erased(part: Part, batch: Batch) -> bool:
    """Whether it left before the erasure of somebody in it."""
    return any(
        part.erased.get((batch.tenant, number, prefix(digest)), -1) >= batch.flushed_at_ms
        for enriched in batch.events
        for number, digest in digests_of(enriched)
    )


def digests_of(enriched: Enriched) -> Iterator[tuple[int, str]]:
    """Field number and digest of each hashed value of an event."""
    for number, field in enumerate(HASHED):
        for digest in getattr(enriched.event.user, field):
            yield number, digest


def holding(table: Table, erase: Erase, keys: Iterable[bytes]) -> Iterator[bytes]:
    """Those of `keys` whose page has the digest in the field: by its bytes first, which is fast."""
    number, digest, tenant = FIELD_NUMBER.get(erase.field, -1), prefix(erase.digest), erase.tenant.encode()
    for key in keys:
        value = table.get(key)
        if value is not None and digest in value and session_of(key).partition(b"|")[0] == tenant:
            people = decode_page(value).people
            if any((number, digest) == tuple(entry) for person in people for entry in person):
                yield key
