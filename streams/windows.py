"""All sessions of a worker's partitions: which of them fall due, in an order that only the log decides."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, MutableMapping

from streams.effects import Arrival, Effect
from streams.events import Command, Erase, Recalled, session_key
from streams.flush import due_at
from streams.known_ids import KnownIds
from streams.session import answer, arrive, erase_from, expire, obey
from streams.session_state import Limits, Session


class Windows:
    """Feeds records in log order to the rules and keeps the sessions in `table` (key -> Session).

    `limits_of` gives the limits of a tenant. One heap of deadlines a partition; entries are lazy: a session
    that moved on is looked at again when its old deadline comes, so an event costs no heap operation.
    """

    def __init__(self, table: MutableMapping[bytes, Session], limits_of: Callable[[bytes], Limits]) -> None:
        self._table = table
        self._limits_of = limits_of
        self._heaps: dict[int, list[tuple[int, bytes]]] = {}
        self._scheduled: dict[bytes, int] = {}
        self._ids = KnownIds()
        self.open_sessions = 0  # those that hold events
        self.held_events = 0

    def assign(self, partitions: dict[int, Iterable[bytes]]) -> None:
        """Start over with these partitions and the keys restored for each."""
        self._heaps = {partition: [] for partition in partitions}
        self._scheduled.clear()
        self._ids.clear()
        self.open_sessions = self.held_events = 0
        for partition, keys in partitions.items():
            for key in keys:
                self._count(None, self._table[key])
                self._schedule(partition, key, self._table[key])

    def first_due_ms(self) -> int:
        """Log time of the earliest deadline, 0 without any; it may be an old one of a session that went on."""
        return min((heap[0][0] for heap in self._heaps.values() if heap), default=0)

    def advance(self, partition: int, now_ms: int) -> list[Effect]:
        """Log time of the partition has reached `now_ms`: all that falls due, by deadline, then key."""
        effects: list[Effect] = []
        heap = self._heaps.setdefault(partition, [])
        while heap and heap[0][0] <= now_ms:
            at_ms, key = heapq.heappop(heap)
            if self._scheduled.get(key) == at_ms:
                del self._scheduled[key]
                effects += self._wake(partition, key, at_ms)
        return effects

    def arrive(self, arrival: Arrival) -> list[Effect]:
        """One event: first what its time makes due in the whole partition, then itself."""
        effects = self.advance(arrival.partition, arrival.at_ms)
        before = self._table.get(arrival.key)
        maybe_known = self._ids.of(arrival.key, before)
        session, more = arrive(arrival, before, self._limits_of(arrival.key), maybe_known)
        if session is not before:
            self._ids.keep(arrival.key, session, arrival.event.event_id)
            self._count(before, session)
            self._table[arrival.key] = session
            self._schedule(arrival.partition, arrival.key, session)
        return [*effects, *more]

    def answer(self, partition: int, recalled: Recalled, at_ms: int) -> list[Effect]:
        """The memory has answered a session."""
        effects = self.advance(partition, at_ms)
        key = recalled.key
        if (before := self._table.get(key)) is not None:
            after, more = answer(key, partition, before, recalled, at_ms, self._limits_of(key))
            self._keep(partition, key, before, after)
            effects += more
        return effects

    def obey(self, partition: int, command: Command, at_ms: int) -> list[Effect]:
        """An operator's command to one session; one that is not known has nothing to do."""
        effects = self.advance(partition, at_ms)
        key = command.key
        if (before := self._table.get(key)) is not None:
            after, more = obey(key, partition, before, command, at_ms, self._limits_of(key))
            self._keep(partition, key, before, after)
            effects += more
        return effects

    def erase(self, partition: int, erase: Erase, at_ms: int) -> tuple[list[Effect], set[bytes]]:
        """An erasure, and the sessions that it changed. Looks at every session of the tenant, so it takes time."""
        effects, changed = self.advance(partition, at_ms), set[bytes]()
        prefix = session_key(erase.tenant, "")
        for key in sorted({key for _, key in self._heaps[partition] if key.startswith(prefix)}):
            before = self._table.get(key)
            if before is None:  # an old entry of the heap
                continue
            after, more = erase_from(key, partition, before, erase, at_ms, self._limits_of(key))
            if after is not before:
                self._keep(partition, key, before, after)
                effects += more
                changed.add(key)
        return effects, changed

    def _wake(self, partition: int, key: bytes, at_ms: int) -> tuple[Effect, ...]:
        before = self._table[key]
        session, effects = expire(key, partition, before, at_ms, self._limits_of(key))
        self._keep(partition, key, before, session)
        return effects

    def _keep(self, partition: int, key: bytes, before: Session, after: Session | None) -> None:
        self._count(before, after)
        if after is None:
            self._ids.keep(key, None)
            del self._table[key]
            return
        if after is not before:
            self._table[key] = after
        self._schedule(partition, key, after)

    def _count(self, before: Session | None, after: Session | None) -> None:
        held, now_held = len(before.held) if before else 0, len(after.held) if after else 0
        self.held_events += now_held - held
        self.open_sessions += (now_held > 0) - (held > 0)

    def _schedule(self, partition: int, key: bytes, session: Session) -> None:
        due_ms = due_at(session, self._limits_of(key))
        if due_ms < self._scheduled.get(key, due_ms + 1):
            self._scheduled[key] = due_ms
            heapq.heappush(self._heaps.setdefault(partition, []), (due_ms, key))
