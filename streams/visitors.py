"""The memory of one visitor: what one session taught it, and what it tells the next one.

Pure rules; time is the log's (milliseconds, LogAppendTime of `visitors.in`) and comes in as an argument. With
`remember_days = 180`:

| day | visit                        | remembered after     | answer          |
|-----|------------------------------|----------------------|-----------------|
| 0   | asks                         |                      | nothing         |
| 0   | teaches em A, fn B           | em A, fn B           |                 |
| 90  | teaches em A, asks           | em A, fn B           | em A, fn B      |
| 185 | asks                         | em A                 | em A            |
| 186 | teaches em C (another person) and asks | em C       | nothing         |
| 187 | forgets                      |                      |                 |

Each field goes when it was not taught for that long: an address that is no longer said is not kept alive by
an e-mail that is. To ask teaches nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.events import Identity, Recalled, UserData, Visit
from streams.person import PERSON_FIELDS, is_another_person

DAY_MS = 86_400_000
MOST_VALUES = 10  # of one field; the first ones count
LONGEST_VALUE = 128  # characters

_MANY = frozenset(field for field in PERSON_FIELDS if isinstance(getattr(UserData(), field), tuple))


class Taught(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One field, and the log time (ms) at which a session taught it last.

    A value is bytes for a SHA-256, else text; msgspec has no type for either of both.
    """

    values: tuple[Any, ...]
    at_ms: int


class Memory(msgspec.Struct, frozen=True, tag_field="v", tag=1):
    """All that is remembered of a visitor, as it is stored. `v` is the format: another one is refused."""

    fields: dict[str, Taught]


encode_memory = msgspec.msgpack.Encoder().encode
decode_memory = msgspec.msgpack.Decoder(Memory).decode
NOTHING = Memory({})


def step(
    memory: Memory | None, visit: Visit, at_ms: int, remember_ms: int
) -> tuple[Memory | None, Recalled | None]:
    """What a visit makes of the memory, None for nothing left, and the answer if it asks.

    The answer is what was known before, so a session never hears itself. It is always given, so that an order
    need not wait until it gives up.
    """
    taught = _usable(visit.identity)
    known = unexpired(memory, at_ms, remember_ms) or NOTHING
    if visit.forget or visit.replaces or is_another_person(told(known), taught):
        known = NOTHING
    answer = _answer(visit, known) if visit.asks else None
    if taught and remember_ms and not visit.forget:
        news = {field: Taught(_packed_all(value), at_ms) for field, value in taught.items()}
        known = Memory({**known.fields, **news})
    return (known if known.fields else None), answer


def unexpired(memory: Memory | None, at_ms: int, remember_ms: int) -> Memory | None:
    """The memory without what is older than `remember_ms`; None for nothing left, the same object if unchanged."""
    if memory is None:
        return None
    kept = {field: known for field, known in memory.fields.items() if at_ms - known.at_ms < remember_ms}
    if len(kept) == len(memory.fields):
        return memory
    return Memory(kept) if kept else None


def told(memory: Memory) -> Identity:
    """The identity in the form of UserData."""
    return {field: _unpacked(field, known.values) for field, known in memory.fields.items()}


def _answer(visit: Visit, known: Memory) -> Recalled:
    return Recalled(
        tenant=visit.tenant,
        visitor=visit.visitor,
        session_id=visit.session_id,
        ask_id=visit.ask_id,
        identity=told(known),
    )


def _usable(identity: Mapping[str, Any]) -> Identity:
    """The person fields of the right shape and size; anything else of a visit is not remembered."""
    return {
        field: usable
        for field in PERSON_FIELDS
        if (value := identity.get(field)) and (usable := _usable_value(value, field in _MANY))
    }


def _usable_value(value: str | tuple[str, ...], many: bool) -> str | tuple[str, ...]:
    if isinstance(value, str) == many:
        return ""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_VALUE else ""
    return tuple(one for one in value if 0 < len(one) <= LONGEST_VALUE)[:MOST_VALUES]


def _packed_all(value: str | tuple[str, ...]) -> tuple[bytes | str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(packed, value))


def packed(value: str) -> bytes | str:
    """Half the size for a lower-case SHA-256; anything else as it is."""
    try:
        digest = bytes.fromhex(value)
    except ValueError:
        return value
    return digest if digest.hex() == value else value


def _unpacked(field: str, values: tuple[bytes | str, ...]) -> str | tuple[str, ...]:
    clear = tuple(value if isinstance(value, str) else value.hex() for value in values)
    return clear if field in _MANY else clear[0]
