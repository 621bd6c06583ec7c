"""When a partition stands still: Kafka has more of it, and nothing moves. Pure.

Faust and its clients have states from which a partition never comes back although the process looks well: a
consumer that no longer fetches it, a producer that waits for an answer which was lost with a broker.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Generic, NamedTuple, TypeVar

P = TypeVar("P", bound=Hashable)  # what names a partition


class Place(NamedTuple):
    """How far a partition has come, in offsets that are next; 0 where nothing has happened yet."""

    position: int = 0  # the consumer's: what it will fetch
    fetched: int = 0  # behind the last run that was fetched
    reached: int = 0  # behind the last run that the agent was given
    committed: int = 0  # behind the last run that is durable
    restored: int = 0  # records of the changelog that this worker has read so far

    def owes(self, end: int) -> bool:
        """Whether there is something to do in a partition whose committed records end at `end`.

        The consumer's position is compared, not the agent's: the last offsets of a partition may be transaction
        markers, which no agent ever sees.
        """
        return self.position < end or self.fetched > self.reached or self.in_hand

    def behind(self, end: int) -> int:
        """How many offsets are not done with, markers among them; 0 when nothing is owed."""
        return max(0, end - (self.committed or self.position)) if self.owes(end) else 0

    @property
    def in_hand(self) -> bool:
        """A run is with the agent, or its transaction is under way."""
        return self.reached > self.committed


class StallWatch(Generic[P]):
    """Told what is seen and when (any clock, seconds); knows what has stood still for `stall_s` and should not."""

    def __init__(self, stall_s: float) -> None:
        self._stall_s = stall_s
        self._seen: dict[P, tuple[Place, float]] = {}

    def excuse(self) -> None:
        """What was seen so far does not count: Kafka did not answer, or the agent waits for somebody else."""
        self._seen.clear()

    def look(self, places: Mapping[P, Place], ends: Mapping[P, int], now_s: float) -> dict[P, Place]:
        """Partition -> where it stands still. `ends` is where the committed records of each partition end."""
        seen: dict[P, tuple[Place, float]] = {}
        for partition, place in places.items():
            before = self._seen.get(partition)
            same = before is not None and before[0] == place and place.owes(ends[partition])
            seen[partition] = before if before is not None and same else (place, now_s)
        self._seen = seen
        return {partition: place for partition, (place, at_s) in seen.items() if now_s - at_s >= self._stall_s}
