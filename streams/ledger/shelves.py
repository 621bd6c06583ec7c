"""Rows of one kind in the order in which they go. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush


class Shelf:
    """`keys` are there; `heap` has a time (ms) for each, at which to look at it, and may have more."""

    def __init__(self) -> None:
        self.heap: list[tuple[int, bytes]] = []
        self.keys: set[bytes] = set()

    def put(self, at_ms: int, key: bytes) -> None:
        self.keys.add(key)
        heappush(self.heap, (at_ms, key))

    def pop(self) -> tuple[int, bytes]:
        return heappop(self.heap)

    def taken(self, before_ms: int, steps: Iterator[int], most: int | None = None) -> Iterator[bytes]:
        """Keys of before `before_ms`, and the oldest of more than `most`; no more than `steps` has."""
        while self.heap and (self.heap[0][0] < before_ms or (most is not None and len(self.keys) > most)):
            if next(steps, None) is None:
                return
            _, key = heappop(self.heap)
            if key in self.keys:
                self.keys.discard(key)
                yield key
