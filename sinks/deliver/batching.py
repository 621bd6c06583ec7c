"""Micro-batches: jobs that may share a POST wait for each other, but not for long. Pure; time is passed in."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Batcher(Generic[Item]):
    """Collects items by key into batches of at most `size`. Times are seconds of any monotonic clock."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._groups: dict[Hashable, list[Item]] = {}  # in the order of their first item
        self._due_s: dict[Hashable, float] = {}

    def add(self, key: Hashable, item: Item, now_s: float, wait_s: float) -> list[Item]:
        """Take one item that may wait `wait_s`; the batch it completed, or an empty list."""
        group = self._groups.setdefault(key, [])
        group.append(item)
        self._due_s[key] = min(self._due_s.get(key, now_s + wait_s), now_s + wait_s)
        return self._pop(key) if len(group) >= self._size else []

    def due(self, now_s: float) -> list[list[Item]]:
        """Batches whose most urgent item has waited long enough."""
        return [self._pop(key) for key in [k for k, due_s in self._due_s.items() if due_s <= now_s]]

    def next_due_s(self) -> float | None:
        """When `due` will next have something; None while nothing waits."""
        return min(self._due_s.values(), default=None)

    def oldest(self) -> list[Item]:
        """The batch that waits longest, whatever its size: the broker sends no more until something is acked."""
        key = next(iter(self._groups), None)
        return self._pop(key) if key is not None else []

    def _pop(self, key: Hashable) -> list[Item]:
        del self._due_s[key]
        return self._groups.pop(key)
