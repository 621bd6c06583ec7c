"""The deliveries of one channel that were not acknowledged yet, in the order of their tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiormq.abc import AbstractChannel


class Unacked:
    """A worker's prefetch bounds how many it holds."""

    def __init__(self, channel: AbstractChannel) -> None:
        self.channel = channel
        self._tags: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self._tags)

    def came(self, tags: Iterable[int]) -> None:
        """Rising, as the broker numbers them."""
        self._tags.update(dict.fromkeys(tags))

    def settle(self, tags: Sequence[int]) -> tuple[int, list[int]]:
        """How to acknowledge these: all up to the first number (0: none), and each of the others by itself.

        A number is named only if it is among `tags`, and nothing before it is still in hand: RabbitMQ closes the
        channel for a tag that it does not wait for.
        """
        mine = [tag for tag in tags if self._tags.pop(tag, 0) is None]  # those that were there, once each
        first_held = next(iter(self._tags), 0)
        before = [tag for tag in mine if not first_held or tag < first_held]
        return max(before, default=0), [tag for tag in mine if first_held and tag > first_held]
