"""One work queue: take jobs as the prefetch allows, batch them, have them delivered, settle each by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress

import structlog

from sinks.deliver.batching import Batcher
from sinks.deliver.counters import UNREADABLE
from sinks.deliver.courier import Courier
from sinks.deliver.letters import Letter, UnreadableError, read_letter, unreadable_message
from sinks.deliver.policy import Decision, decide
from sinks.deliver.settle import Decided, Held, Settler
from sinks.deliver.sorting import Sorter
from sinks.platforms.contract import PlatformRules
from sinks.rabbit.consumer import Consumer, ConsumerLostError, Received
from streams.events import Platform
from streams.settings import Settings

log = structlog.get_logger(__name__)

PURCHASE_WAIT_S, OTHER_WAIT_S = 0.05, 1.0
STOP_TIMEOUT_S = 10.0


class QueueWorker:
    """`run` it until `stop` is set. A batch holds jobs of one tenant, pixel and group key."""

    def __init__(
        self,
        queue: str,
        settings: Settings,
        rules: Mapping[Platform, PlatformRules],
        sorter: Sorter,
        courier: Courier,
        settler: Settler,
        stop: asyncio.Event,
    ) -> None:
        self._queue, self._settings, self._rules = queue, settings, rules
        self._sorter, self._courier, self._settler, self._stop = sorter, courier, settler, stop
        self._consumer = Consumer(settings, queue, self._take)
        self._batcher: Batcher[Held] = Batcher(settings.post_events)
        self._slots = asyncio.Semaphore(settings.posts_in_flight)
        self._held: dict[str, Held] = {}
        self._sooner = asyncio.Event()
        self._tasks = asyncio.TaskGroup()

    async def run(self) -> None:
        """Raises ConsumerLostError when the queue or RabbitMQ is gone for good, after the POSTs in flight."""
        lost: ConsumerLostError | None = None
        try:
            async with asyncio.timeout(None) as limit, self._tasks:
                flushing = self._tasks.create_task(self._flush_due())
                try:
                    await self._consumer.run(self._stop)
                except ConsumerLostError as error:
                    lost = error
                flushing.cancel()
                limit.reschedule(asyncio.get_running_loop().time() + STOP_TIMEOUT_S)
        except TimeoutError:
            log.warning("stopped with jobs in hand; they go back to the queue", queue=self._queue)
        finally:
            await self._consumer.close()
        if lost is not None:
            raise lost

    def _take(self, received: Received) -> None:
        if self._stop.is_set():
            return  # unacknowledged, so it goes back
        try:
            letter = read_letter(received.body, received.headers, received.routing_key, wall_ms())
        except UnreadableError as error:
            self._tasks.create_task(self._park_unreadable(received, str(error)))
            return
        known = self._held.get(letter.job.job_id)
        if known is not None and not known.settled:
            known.copies.append(received)
        else:
            self._hold(Held(letter, [received]))
        if len(self._held) >= self._settings.prefetch:  # the broker sends no more until something is settled
            self._dispatch(self._batcher.oldest())

    def _hold(self, held: Held) -> None:
        self._held[held.letter.job.job_id] = held
        event_name = held.letter.job.event.event_name
        wait_s = PURCHASE_WAIT_S if event_name == "Purchase" else OTHER_WAIT_S
        due_s = self._batcher.next_due_s()
        self._dispatch(self._batcher.add(self._key(held.letter), held, time.monotonic(), wait_s))
        if self._batcher.next_due_s() != due_s:
            self._sooner.set()

    def _key(self, letter: Letter) -> Hashable:
        job = letter.job
        alone = job.job_id if letter.alone else ""
        return (job.event.tenant, job.platform, job.pixel_id, *self._rules[job.platform].group_key(job), alone)

    def _dispatch(self, batch: list[Held]) -> None:
        if batch:
            self._tasks.create_task(self._deliver(batch))

    async def _flush_due(self) -> None:
        while True:
            self._sooner.clear()
            due_s = self._batcher.next_due_s()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if due_s is None else max(0.0, due_s - time.monotonic())):
                    await self._sooner.wait()
            for batch in self._batcher.due(time.monotonic()):
                self._dispatch(batch)

    async def _deliver(self, batch: Sequence[Held]) -> None:
        async with self._slots:
            if self._stop.is_set():
                return
            sorted_out, sendable, destination = await self._sorter.sort(batch, wall_ms())
            await self._settle(sorted_out)
            if destination is None or not sendable:
                return
            held_by = {held.letter.job.job_id: held for held in sendable}
            async for settled in self._courier.carry([held.letter for held in sendable], destination):
                now_ms = wall_ms()
                decided: list[tuple[Held, Decision]] = [
                    (
                        held_by[letter.job.job_id],
                        decide(result, letter.job, letter.attempt, now_ms, self._settings),
                    )
                    for letter, result in settled
                ]
                await self._settle(decided)
                if self._stop.is_set():
                    return

    async def _settle(self, decided: Decided) -> None:
        await self._settler.settle(decided, wall_ms())
        for held, _ in decided:
            if self._held.get(held.letter.job.job_id) is held:  # not one that arrived when this was settled
                del self._held[held.letter.job.job_id]

    async def _park_unreadable(self, received: Received, why: str) -> None:
        UNREADABLE.labels(self._queue).inc()
        log.error("parked what is no job", queue=self._queue, why=why)
        message = unreadable_message(
            received.body, received.headers, received.routing_key, received.message_id, why
        )
        await self._settler.park(message, received)


def wall_ms() -> int:
    return time.time_ns() // 1_000_000
