"""Find the event that makes a platform refuse a whole batch, within a budget of POSTs. Pure.

A named culprit is taken out and the rest is posted again. Without a name the refused part is halved until one
event is left; what was not asked about on the way stays together and is posted as a whole afterwards. So an
unnamed culprit costs about log2 n + 2 POSTs, each of which also delivers what is good in it:
bench/bad_events.py counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2
from typing import Generic, TypeVar

from sinks.platforms.contract import Delivered, Invalid, Result, Transient

Item = TypeVar("Item")

SPENT = Transient("the culprit in a refused batch was not found within its budget of POSTs", "split")


def post_budget(items: int) -> int:
    """Most POSTs that one batch may cost: enough for one bad event in fifty. Of a batch that is bad throughout,
    the rest then goes one by one: halving it further would cost more than a POST each."""
    return 2 * ceil(log2(max(items, 1))) + 10 + items // 5


class Splitting(Generic[Item]):
    """Ask `next_part` what to post, tell `settle` the answer, until no part is left; then look at `unknown`."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._suspects: list[Item] = []  # refused together, so one of them is a culprit
        self._rest = list(items)  # nothing is known of them
        self._posts_left = post_budget(len(items))

    def next_part(self) -> list[Item]:
        """What to post next; empty at the end, also when the budget is used up."""
        if self._posts_left == 0 or not (self._suspects or self._rest):
            return []
        self._posts_left -= 1
        # nobody is condemned unheard: also the last suspect is posted, alone
        return self._suspects[: max(1, len(self._suspects) // 2)] if self._suspects else self._rest[:]

    def settle(self, part: list[Item], result: Result) -> list[tuple[Item, Result]]:
        """Items whose result is now known. `part` is what `next_part` said last."""
        others = self._suspects[len(part) :] if self._suspects else []
        rest = self._rest if self._suspects else []
        match result:
            case Delivered():
                self._suspects, self._rest = others, rest
                return [(item, result) for item in part]
            case Invalid():
                return self._refused(part, others + rest, result)
        # rate limits, failures and dead tokens are not one event's: halving would only repeat them
        self._suspects, self._rest = [], []
        return [(item, result) for item in (*part, *others, *rest)]

    def unknown(self) -> list[Item]:
        """Items never judged, because the budget was used up."""
        return self._suspects + self._rest

    def _refused(self, part: list[Item], others: list[Item], result: Invalid) -> list[tuple[Item, Result]]:
        index = 0 if len(part) == 1 else result.index
        if index is not None and 0 <= index < len(part):
            self._suspects, self._rest = [], part[:index] + part[index + 1 :] + others
            return [(part[index], result)]
        self._suspects, self._rest = part, others
        return []
