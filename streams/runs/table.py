"""A Faust table whose writes go out with the run's transaction instead of one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import faust
import msgspec

Changes = dict[bytes, Any]  # key -> value, None = deleted; the last write of a run wins


class RunTable(faust.Table[bytes, Any]):
    """Values live decoded in memory and encoded in the changelog. `check(key, value)` says of those that are not
    decoded what `decode` says of the others: it raises one of UNREADABLE for what no worker has written.

    Writes between two commits belong to the run that is committed next; that holds because an agent decides
    a run without awaiting anything (the ledger's awaits turns of the loop, and nobody else writes its table:
    `hear_all` in agents/ledger_role.py).

    Which partition a key belongs to is kept here: Faust's memory store learns it from the changelog only, so keys
    written at run time would outlive their partition.
    """

    encode: Callable[[Any], bytes] = bytes
    decode: Callable[[bytes], Any] = bytes
    check: Callable[[bytes, bytes], object] = staticmethod(lambda _key, _value: None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._changes: Changes = {}
        self._keys: dict[int, set[bytes]] = {}

    def on_key_get(self, key: Any) -> None:
        pass

    def on_key_set(self, key: Any, value: Any) -> None:
        self._changes[key] = value

    def on_key_del(self, key: Any) -> None:
        self._changes[key] = None

    def take_changes(self, partition: int) -> Iterator[tuple[bytes, bytes | None]]:
        """The writes since the last call, encoded for the changelog, and book-keeping of their partition."""
        changes, self._changes = self._changes, {}
        keys = self._keys.setdefault(partition, set())
        for key, value in changes.items():
            if value is None:
                keys.discard(key)
                yield key, None
            else:
                keys.add(key)
                yield key, self.encode(value)

    def forget_all(self) -> None:
        """Empty the table without a trace in the changelog: partitions are about to be restored."""
        self.data.data.clear()
        self._changes.clear()
        self._keys.clear()

    def restore(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Apply one changelog record. Raises one of UNREADABLE, and then has changed nothing."""
        if not isinstance(key, bytes):
            raise msgspec.DecodeError("a record without a key")
        keys = self._keys.setdefault(partition, set())
        if value is None:
            self.data.data.pop(key, None)
            keys.discard(key)
        else:
            self.check(key, value)
            self.data.data[key] = self.decode(value)
            keys.add(key)

    def keys_of(self, partition: int) -> set[bytes]:
        """The keys of a partition; inside a run of it, with those that the run has written so far."""
        return self._keys.get(partition, set()) | self._changes.keys() & self.data.data.keys()

    def some_keys_of(self, partition: int, most: int) -> list[bytes]:
        """At most so many keys of a partition, in no order; outside of runs."""
        return list(islice(self._keys.get(partition, ()), most))
