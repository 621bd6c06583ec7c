"""Find the event that makes a platform refuse a whole batch, within a budget of POSTs. Pure.

A named culprit is taken out and the rest is posted again; without a name the batch is halved. 1 culprit in 100
costs about 14 POSTs. The budget of 2 log2 n + 10 keeps a batch that is bad throughout from becoming n POSTs.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2
from typing import Generic, TypeVar

from sinks.platforms.contract import Delivered, Invalid, Result, Transient

Item = TypeVar("Item")

SPENT = Transient("the culprit in a refused batch was not found within its budget of POSTs", "split")


def post_budget(items: int) -> int:
    """Most POSTs that one batch may cost."""
    return 2 * ceil(log2(max(items, 1))) + 10


class Splitting(Generic[Item]):
    """Ask `next_part` what to post, tell `settle` the answer, until no part is left; then look at `unknown`."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._parts: list[list[Item]] = [list(items)] if items else []
        self._posts_left = post_budget(len(items))

    def next_part(self) -> list[Item]:
        """What to post next; empty at the end, also when the budget is used up."""
        if not self._parts or self._posts_left == 0:
            return []
        self._posts_left -= 1
        return self._parts.pop(0)

    def settle(self, part: list[Item], result: Result) -> list[tuple[Item, Result]]:
        """Items whose result is now known."""
        match result:
            case Delivered():
                return [(item, result) for item in part]
            case Invalid():
                return self._refused(part, result)
        # rate limits, failures and dead tokens are not one event's: halving would only repeat them
        rest = part + self.unknown()
        self._parts = []
        return [(item, result) for item in rest]

    def unknown(self) -> list[Item]:
        """Items never judged, because the budget was used up."""
        return [item for part in self._parts for item in part]

    def _refused(self, part: list[Item], result: Invalid) -> list[tuple[Item, Result]]:
        index = 0 if len(part) == 1 else result.index
        if index is not None and 0 <= index < len(part):
            rest = part[:index] + part[index + 1 :]
            self._parts[:0] = [rest] if rest else []
            return [(part[index], result)]
        middle = len(part) // 2
        self._parts[:0] = [part[:middle], part[middle:]]
        return []
