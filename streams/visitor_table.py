"""The memories of a worker's partitions: fed in log order, deleted when their time is over, erased on request.

An answer never holds what has expired, deleted or not. Deleting is a walk: in each day of log time it looks at
every memory of a partition once, a few at each tick. Millions of visitors then need no order of deadlines, and
none has to be made when a worker starts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, MutableMapping

from streams.events import Erase, Recalled, Visit
from streams.visitors import DAY_MS, Memory, decode_memory, encode_memory, packed, step, told, unexpired

MOST_STEPS = 2_000  # memories that one tick looks at, also after a long pause


class VisitorTable:
    """`table` maps `tenant|visitor` to the encoded memory, which is decoded only to touch it.

    `keys_of` gives the keys of a partition, `remember_ms_of` how long the tenant of a key wants to remember.
    """

    def __init__(
        self,
        table: MutableMapping[bytes, bytes],
        keys_of: Callable[[int], Collection[bytes]],
        remember_ms_of: Callable[[bytes], int],
    ) -> None:
        self._table = table
        self._keys_of = keys_of
        self._remember_ms_of = remember_ms_of
        self._walks: dict[int, _Walk] = {}

    def start_over(self) -> None:
        """Partitions came or went."""
        self._walks.clear()

    def visit(self, visit: Visit, at_ms: int) -> Recalled | None:
        """What a session says and asks; the answer if it asks."""
        key = visit.key
        before = self._get(key)
        after, answer = step(before, visit, at_ms, self._remember_ms_of(key))
        self._put(key, before, after)
        return answer

    def advance(self, partition: int, now_ms: int) -> None:
        """Log time of the partition has reached `now_ms`: go on with the walk."""
        walk = self._walks.get(partition)
        if walk is None or walk.is_over(now_ms):
            walk = self._walks[partition] = _Walk([*self._keys_of(partition)], now_ms)
        for key in walk.up_to(now_ms):
            before = self._get(key)
            self._put(key, before, unexpired(before, now_ms, self._remember_ms_of(key)))

    def erase(self, partition: int, erase: Erase) -> int:
        """Delete every memory of the tenant that holds the digest; returns how many they were."""
        tenant, visitor = b"%b|" % erase.tenant.encode(), f"{erase.field}:{erase.digest}".encode()
        digest = packed(erase.digest)
        needle = digest.encode() if isinstance(digest, str) else digest
        found = [
            key
            for key in self._keys_of(partition)
            if key.startswith(tenant)
            and (value := self._table.get(key)) is not None
            # almost none has the bytes anywhere, so almost none is decoded
            and (key == tenant + visitor or (needle in value and _holds(decode_memory(value), erase)))
        ]
        for key in found:
            del self._table[key]
        return len(found)

    def _get(self, key: bytes) -> Memory | None:
        value = self._table.get(key)
        return None if value is None else decode_memory(value)

    def _put(self, key: bytes, before: Memory | None, after: Memory | None) -> None:
        if after is before:
            return
        if after is None:
            del self._table[key]
        else:
            self._table[key] = encode_memory(after)


class _Walk:
    """Once over `keys` in a day of log time; they may be gone when it comes to them."""

    def __init__(self, keys: list[bytes], started_ms: int) -> None:
        self._keys, self._started_ms, self._done = keys, started_ms, 0

    def is_over(self, now_ms: int) -> bool:
        return self._done == len(self._keys) and now_ms - self._started_ms >= DAY_MS

    def up_to(self, now_ms: int) -> Iterator[bytes]:
        """The next part of the way; all of it is due when the day is over."""
        due = len(self._keys) * (now_ms - self._started_ms) // DAY_MS
        first, self._done = self._done, max(self._done, min(due, self._done + MOST_STEPS, len(self._keys)))
        yield from self._keys[first : self._done]


def _holds(memory: Memory, erase: Erase) -> bool:
    return erase.digest in told(memory).get(erase.field, ())
