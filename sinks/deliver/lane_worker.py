"""The jobs of one lane that are in hand: those that wait for company or for the lane, and those in a POST."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Sequence
from typing import Any, Protocol

from sinks.deliver.batching import Batcher
from sinks.deliver.lanes import Lane
from sinks.deliver.settle import Held

STALL_S = 1.5  # the time-out that Meta advises; most answers take less than 0.6 s
HOLD_S = 30.0  # a lane that opens sooner keeps its jobs in hand
HOLD_PART = 10  # … but no longer than this part of the shortest rung
ASK_AGAIN_S = 1.0  # what another worker has in hand is looked at again after this


class Limits(Protocol):
    """The part of the settings that shapes batches."""

    @property
    def prefetch(self) -> int: ...
    @property
    def post_events(self) -> int: ...
    @property
    def post_bytes(self) -> int: ...
    @property
    def posts_in_flight(self) -> int: ...
    @property
    def retry_s(self) -> tuple[float, ...]: ...


class Queue(Protocol):
    """What a lane asks of its queue's worker."""

    @property
    def crowded(self) -> bool:
        """Other lanes were busy lately, so this one may fill only half of the prefetch with its POSTs."""
        ...

    def deliver(self, lane: LaneWorker, batch: Sequence[Held]) -> Coroutine[Any, Any, None]: ...
    def defer(self, lane: LaneWorker, batch: Sequence[Held], wait_s: float) -> None: ...
    def spawn(self, work: Coroutine[Any, Any, None]) -> None: ...
    def stuck(self) -> None:
        """A POST of this lane takes long: others may need its room."""
        ...


class LaneWorker:
    """Not for use by more than one event loop; `now_s` is the loop's clock."""

    def __init__(self, lane: Lane, limits: Limits, queue: Queue, now_s: Callable[[], float]) -> None:
        self.lane, self._limits, self._queue, self._now_s = lane, limits, queue, now_s
        self._batcher: Batcher[Held] = Batcher(limits.post_events, limits.post_bytes)
        self._hold_s = min(HOLD_S, min(limits.retry_s) / HOLD_PART)
        self._posts: dict[int, tuple[float, int]] = {}  # since when, and of how many jobs
        self._numbers = 0
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_s = float("inf")  # when the timer ends
        self.busy_s = now_s()

    @property
    def waiting(self) -> int:
        return len(self._batcher)

    @property
    def stalled(self) -> bool:
        """Its oldest POST has been silent for long."""
        return any(self._now_s() - since_s >= STALL_S for since_s, _ in self._posts.values())

    @property
    def flows(self) -> bool:
        """What waits here leaves by itself soon, as far as can be told."""
        return not (self.stalled or self.lane.suspect) and self.lane.wait_s(self._now_s()) == 0

    def due_s(self) -> float:
        """When its most urgent job should leave."""
        due_s = self._batcher.due_s()
        return float("inf") if due_s is None else due_s

    def take(self, key: Hashable, held: Held, wait_s: float) -> None:
        """A job that may wait `wait_s` for others of its key."""
        self.busy_s = self._now_s()
        due_s = self.busy_s + wait_s
        if self._batcher.add(key, held, self._weight(held), due_s) or self.lane.state != "open":
            self.pump()
        elif due_s < self._wakes_s:
            self._set_timer()

    def pump(self, pressed: bool = False) -> bool:
        """Start the POSTs that may start; `pressed` also starts one that could still grow. Whether any began."""
        began = False
        while batch := self._next(pressed and not began):
            self._begin(batch)
            began = True
        if self._batcher and self.lane.wait_s(self._now_s()) > self._hold_s:
            self.give_up()
        self._set_timer()
        return began

    def give_up(self) -> None:
        """Send what waits to a rung: others need the room, or the lane will not open soon."""
        if batch := self._batcher.clear():
            self._queue.defer(self, batch, self.lane.wait_s(self._now_s()))

    def clear(self) -> None:
        """The worker stops; what waits goes back to its queue."""
        self._batcher.clear()
        if self._timer:
            self._timer.cancel()

    def _next(self, pressed: bool) -> list[Held]:
        now_s = self._now_s()
        if not self._batcher or self.lane.wait_s(now_s) > 0:
            return []
        if len(self._posts) >= self._limits.posts_in_flight or (self._posts and self._alone()):
            return []
        if self.lane.one_at_a_time:
            return self._batcher.pop(now_s, 1, pressed=True)
        room = self._room()
        if self._posts and room < min(self.waiting, self._limits.post_events):
            return []  # rather one full POST when the one under way ends than two small ones
        return self._batcher.pop(now_s, room, pressed)

    def _weight(self, held: Held) -> int:
        """Bytes, or more, so that no more of them fit into a POST than may share one."""
        letter = held.letter
        return max(len(letter.body), self._limits.post_bytes // letter.company if letter.company else 0)

    def _alone(self) -> bool:
        return self.lane.one_at_a_time or self.lane.suspect or self.stalled

    def _room(self) -> int:
        share = max(1, self._limits.prefetch // 2) if self._queue.crowded else self._limits.prefetch
        return max(0, share - sum(jobs for _, jobs in self._posts.values()))

    def _begin(self, batch: list[Held]) -> None:
        self._numbers += 1
        self._posts[self._numbers] = (self._now_s(), len(batch))
        self._queue.spawn(self._run(self._numbers, batch))

    async def _run(self, number: int, batch: list[Held]) -> None:
        stall = asyncio.get_running_loop().call_later(STALL_S, self._queue.stuck)
        try:
            await self._queue.deliver(self, batch)
        finally:
            stall.cancel()
            del self._posts[number]
        self.pump()

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer, self._wakes_s = None, float("inf")
        due_s = self._batcher.due_s()
        if due_s is None:
            return
        now_s = self._now_s()
        wait_s = max(due_s - now_s, self.lane.wait_s(now_s))
        if wait_s <= 0:
            return  # a POST that ends starts the next
        self._wakes_s = now_s + wait_s
        self._timer = asyncio.get_running_loop().call_later(wait_s + 0.001, self.pump)
