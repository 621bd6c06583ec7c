"""Records of a changelog that are no state of its table: a bug or a stranger wrote them. Pure.

One of them must not stop a partition, so the state before it counts, and it is rejected. The state of another
release is another thing: to go on without it would lose what it holds, so the worker ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiokafka.structs import ConsumerRecord

from streams.events import UNREADABLE, Reject, encode

FORMAT = 1  # `v` of every value that tables hold
DECODERS: tuple[Callable[[bytes], Any], ...] = (msgspec.json.decode, msgspec.msgpack.decode)


class OtherFormatError(RuntimeError):
    """A value of a format that this release does not know."""


def refusal(record: ConsumerRecord) -> bytes:
    """The encoded reject. Raises OtherFormatError."""
    found = format_of(record.value or b"")
    if found not in (None, FORMAT):
        raise OtherFormatError(
            f"{record.topic}-{record.partition} holds state of format {found}, this release knows {FORMAT}: "
            "run the release that wrote it"
        )
    reason = "no state of this table: the state before it counts"
    return encode(Reject(topic=record.topic, partition=record.partition, offset=record.offset, reason=reason))


def format_of(value: bytes) -> int | None:
    """What a stored value names as its format: `v` of an object, the first place of an array; None without one."""
    for decode in DECODERS:
        try:
            whole = decode(value)
        except UNREADABLE:
            continue
        named = (
            whole.get("v") if isinstance(whole, dict) else whole[0] if isinstance(whole, list) and whole else None
        )
        if isinstance(named, int) and not isinstance(named, bool):
            return named
    return None
