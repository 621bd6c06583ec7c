"""Where an event id is, and the rows of sums by time: in memory, made anew when a worker starts. Pure."""

from __future__ import annotations

from collections.abc import Iterable

Keys = bytes | tuple[bytes, ...]


class Index:
    """Event ids are kept as their hash, which is a third of the size: a key may turn out not to have the event."""

    def __init__(self) -> None:
        self._where: dict[int, Keys] = {}
        self.sums: dict[str, dict[int, set[bytes]]] = {}  # kind -> time -> keys

    def find(self, event_id: str) -> tuple[bytes, ...]:
        found = self._where.get(hash(event_id), ())
        return (found,) if isinstance(found, bytes) else found

    def add_all(self, event_ids: Iterable[str], key: bytes) -> None:
        for event_id in event_ids:
            known = self.find(event_id)
            if key not in known:
                self._where[hash(event_id)] = (*known, key) if known else key

    def drop_all(self, event_ids: Iterable[str], key: bytes) -> None:
        for event_id in event_ids:
            left = tuple(each for each in self.find(event_id) if each != key)
            if not left:
                self._where.pop(hash(event_id), None)
            else:
                self._where[hash(event_id)] = left[0] if len(left) == 1 else left

    def add_sums(self, kind: str, at_ms: int, key: bytes) -> None:
        self.sums.setdefault(kind, {}).setdefault(at_ms, set()).add(key)

    def drop_sums(self, kind: str, at_ms: int, key: bytes) -> None:
        times = self.sums.get(kind, {})
        keys = times.get(at_ms, set())
        keys.discard(key)
        if not keys:
            times.pop(at_ms, None)
