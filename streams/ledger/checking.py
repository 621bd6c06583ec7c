"""Whether a key and a value of the ledger's table are such as the ledger writes. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from streams.ledger.newest import decode_note
from streams.ledger.rows import decode_erased, decode_page, decode_reject_row, decode_sums, sums_of

BY_KIND: dict[bytes, Callable[[bytes], Any]] = {
    b"v": decode_page,
    b"r": decode_reject_row,
    b"a": decode_note,
    b"x": decode_erased,
}


def check_row(key: bytes, value: bytes) -> None:
    """Raises one of UNREADABLE for what is no row of the ledger."""
    decode = BY_KIND.get(key[:1])
    if decode is None:
        decode = decode_sums
        try:
            sums_of(key)
        except ValueError as error:
            raise msgspec.DecodeError("no key of the ledger") from error
    decode(value)
