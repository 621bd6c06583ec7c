"""One work queue: take jobs as the prefetch allows, give each to its lane, settle what comes of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine, Hashable, Sequence
from typing import Any

import structlog

from sinks.deliver.counters import UNREADABLE
from sinks.deliver.courier import Courier
from sinks.deliver.lane_worker import ASK_AGAIN_S, LaneWorker
from sinks.deliver.lanes import Lane
from sinks.deliver.letters import Letter, UnreadableError, read_letter, unreadable_message
from sinks.deliver.overseer import Overseer
from sinks.deliver.policy import Decision, decide, wait
from sinks.deliver.rates import CEILINGS
from sinks.deliver.settle import Decided, Held, Settler
from sinks.deliver.shared import Shared
from sinks.rabbit.consumer import Consumer, ConsumerLostError, Received

log = structlog.get_logger(__name__)

CROWDED_S = 60.0  # a lane counts as busy for this long after its last job
WHY_UNTRIED = {
    "paused": "this pixel is paused",
    "stopped": "this pixel's settings are refused",
    "failing": "this pixel does not answer",
    "throttled": "this pixel is throttled",
    "open": "this pixel answers slowly and others need the room",
}

LaneKey = tuple[str, str, str]  # tenant, platform, pixel_id


class QueueWorker:
    """`run` it until `stop` is set. A lane has the jobs of a tenant and pixel, a batch those of one group key."""

    def __init__(
        self, queue: str, shared: Shared, courier: Courier, settler: Settler, stop: asyncio.Event
    ) -> None:
        self.queue, self._shared, self._settings = queue, shared, shared.settings
        self._courier, self._settler, self._stop = courier, settler, stop
        self.consumer = Consumer(shared.settings, queue, self._take)
        self.lanes: dict[LaneKey, LaneWorker] = {}
        self.crowded = False
        self._held: dict[str, Held] = {}
        self._tasks = asyncio.TaskGroup()

    @property
    def in_hand(self) -> int:
        return len(self._held)

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest event in hand happened."""
        return min((held.letter.job.event.event_time_ms for held in self._held.values()), default=None)

    async def run(self) -> None:
        """Raises ConsumerLostError when the queue or RabbitMQ is gone for good, after the POSTs in flight."""
        lost: ConsumerLostError | None = None
        try:
            async with asyncio.timeout(None) as limit, self._tasks:
                overseeing = self._tasks.create_task(Overseer(self, self._shared).run())
                try:
                    await self.consumer.run(self._stop)
                except ConsumerLostError as error:
                    lost = error
                overseeing.cancel()
                for lane in self.lanes.values():
                    lane.clear()
                limit.reschedule(asyncio.get_running_loop().time() + self._settings.stop_timeout_s)
        except TimeoutError:
            log.warning("stopped with jobs in hand; they go back to the queue", queue=self.queue)
        finally:
            await self.consumer.close()
        if lost is not None:
            raise lost

    async def deliver(self, lane: LaneWorker, batch: Sequence[Held]) -> None:
        """POST what may be sent of a batch. Returns after the last answer; settling goes on beside it."""
        if self._stop.is_set():
            return
        found = await self._shared.sorter.sort(batch, wall_ms())
        self._settle_soon(found.decided)
        for held in self._ours(found.elsewhere):
            self._give(lane, held, ASK_AGAIN_S)
        sendable = self._ours(found.sendable)
        if found.destination is None or not sendable:
            return
        by_letter = {id(held.letter): held for held in sendable}
        letters = [held.letter for held in sendable]
        async for settled in self._courier.carry(letters, found.destination, lane.lane):
            now_ms, lane_s = wall_ms(), lane.lane.wait_s(time.monotonic())
            decided: list[tuple[Held, Decision]] = [
                (
                    by_letter[id(letter)],
                    decide(answered, letter.job, letter.attempt, now_ms, self._settings, lane_s),
                )
                for letter, answered in settled
            ]
            self._settle_soon(decided)
            if self._stop.is_set():
                return

    def defer(self, lane: LaneWorker, batch: Sequence[Held], wait_s: float) -> None:
        """Jobs that their lane cannot try now go to a rung, as the attempt that they are."""
        if self._stop.is_set():
            return
        now_ms, why = wall_ms(), WHY_UNTRIED[lane.lane.state]
        self._settle_soon([(held, wait(held.letter.job, now_ms, self._settings, wait_s, why)) for held in batch])

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.create_task(work)

    def stuck(self) -> None:
        """A POST takes long: its lane's room may be needed."""
        self._relieve()

    def count_busy(self) -> None:
        since_s = time.monotonic() - CROWDED_S
        self.crowded = sum(lane.busy_s >= since_s for lane in self.lanes.values()) > 1

    def _take(self, received: Received) -> None:
        if self._stop.is_set():
            return  # unacknowledged, so it goes back
        try:
            letter = read_letter(received.body, received.headers, received.routing_key, wall_ms())
        except UnreadableError as error:
            self.spawn(self._park_unreadable(received, str(error)))
            return
        job_id = letter.job.job_id
        known = self._held.get(job_id)
        if known is not None and known.takes(letter):
            known.copies.append(received)
        else:
            held = self._held[job_id] = Held(job_id, letter, [received])
            self._give(self._lane_of(letter), held, self._wait_s(letter))
        self._relieve()

    def _ours(self, batch: Sequence[Held]) -> list[Held]:
        """Without what the broker gives away again, perhaps to another worker: its connection is gone."""
        gone = [held for held in batch if held.returns_by_itself]
        if not gone:
            return list(batch)
        for held in gone:
            self._forget(held)
        self.spawn(self._shared.delivered.release([held.job_id for held in gone]))
        return [held for held in batch if not held.returns_by_itself]

    def _forget(self, held: Held) -> None:
        if self._held.get(held.job_id) is held:  # not one that arrived when this was settled
            del self._held[held.job_id]

    def _give(self, lane: LaneWorker, held: Held, wait_s: float) -> None:
        if not self._stop.is_set():
            lane.take(self._group(held), held, wait_s)

    def _wait_s(self, letter: Letter) -> float:
        purchase = letter.job.event.event_name == "Purchase"
        return self._settings.post_wait_purchase_s if purchase else self._settings.post_wait_s

    def _group(self, held: Held) -> Hashable:
        job = held.letter.job
        return (*self._shared.rules[job.platform].group_key(job), held.letter.company)

    def _lane_of(self, letter: Letter) -> LaneWorker:
        job = letter.job
        key = (job.event.tenant, job.platform, job.pixel_id)
        if key not in self.lanes:
            lane = Lane(self._settings.probe_s, CEILINGS.get(job.platform, float("inf")), random.uniform(0.9, 1.1))
            lane.pause((job.platform, job.pixel_id) in self._shared.paused)
            self.lanes[key] = LaneWorker(lane, self._settings, self, time.monotonic)
            self.count_busy()
        return self.lanes[key]

    def _relieve(self) -> None:
        """The broker sends no more until something is settled: make room, at the cost of what flows least."""
        if len(self._held) < self._settings.prefetch:
            return
        waiting = sorted((lane for lane in self.lanes.values() if lane.waiting), key=LaneWorker.due_s)
        if any(lane.pump(pressed=True) for lane in waiting):
            return
        for lane in waiting if self.crowded else []:
            if not lane.flows:
                lane.give_up()

    def _settle_soon(self, decided: Decided) -> None:
        if decided:
            self.spawn(self._settle(decided))

    async def _settle(self, decided: Decided) -> None:
        await self._settler.settle(decided, wall_ms())
        for held, _ in decided:
            self._forget(held)

    async def _park_unreadable(self, received: Received, why: str) -> None:
        UNREADABLE.labels(self.queue).inc()
        log.error("parked what is no job", queue=self.queue, why=why)
        message = unreadable_message(
            received.body, received.headers, received.routing_key, received.message_id, why
        )
        await self._settler.park(message, received)


def wall_ms() -> int:
    return time.time_ns() // 1_000_000
