"""Micro-batches of one lane: jobs that may share a POST wait for each other, but not for long. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")


class _Waiting(NamedTuple, Generic[Item]):
    due_s: float
    weight: int
    item: Item


class _Group(Generic[Item]):
    """Items that may share a POST, in the order of their arrival."""

    def __init__(self) -> None:
        self.items: deque[_Waiting[Item]] = deque()
        self.weight, self.due_s = 0, float("inf")

    def add(self, waiting: _Waiting[Item]) -> None:
        self.items.append(waiting)
        self.weight += waiting.weight
        self.due_s = min(self.due_s, waiting.due_s)

    def pop(self, most: int, most_weight: int) -> list[Item]:
        """From the front; at least one, however heavy."""
        taken: list[Item] = []
        weight = 0
        while self.items and len(taken) < most and (not taken or weight + self.items[0].weight <= most_weight):
            first = self.items.popleft()
            weight += first.weight
            taken.append(first.item)
        self.weight -= weight
        self.due_s = min((waiting.due_s for waiting in self.items), default=float("inf"))
        return taken


class Batcher(Generic[Item]):
    """Collects items by key. A batch has at most `size` items and `weight` bytes (one item may be heavier).

    Items stay until `pop` is asked, so that batches grow while a lane may not POST. Times are seconds of any
    monotonic clock.
    """

    def __init__(self, size: int, weight: int) -> None:
        self._size, self._weight = size, weight
        self._groups: dict[Hashable, _Group[Item]] = {}  # in the order of their first item
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, key: Hashable, item: Item, weight: int, due_s: float) -> bool:
        """Take one item that must leave at `due_s`; whether its batch is full now."""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group()
        group.add(_Waiting(due_s, weight, item))
        self._count += 1
        return len(group.items) >= self._size or group.weight >= self._weight

    def pop(self, now_s: float, most: int, pressed: bool = False) -> list[Item]:
        """A batch of at most `most` that is full or due, or with `pressed` the oldest; else an empty list."""
        key = self._ready(now_s)
        if key is None and pressed:
            key = next(iter(self._groups), None)
        if key is None or most < 1:
            return []
        group = self._groups.pop(key)
        taken = group.pop(min(most, self._size), self._weight)
        self._count -= len(taken)
        if group.items:
            self._groups[key] = group
        return taken

    def due_s(self) -> float | None:
        """When the most urgent item must leave; None while nothing waits."""
        return min((group.due_s for group in self._groups.values()), default=None)

    def clear(self) -> list[Item]:
        """Everything that waits."""
        items = [waiting.item for group in self._groups.values() for waiting in group.items]
        self._groups.clear()
        self._count = 0
        return items

    def _ready(self, now_s: float) -> Hashable | None:
        for key, group in self._groups.items():
            if group.due_s <= now_s or len(group.items) >= self._size or group.weight >= self._weight:
                return key
        return None
