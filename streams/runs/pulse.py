"""What a worker's partitions are doing, and the end of a worker that does not get on with one of them.

A fresh process fences, restores and reads on, so leaving is the cure; waiting is not.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from time import monotonic
from typing import TYPE_CHECKING, cast

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from faust.types import TP

from streams.runs.stall import Place, StallWatch
from streams.runs.waiting import waiting

if TYPE_CHECKING:
    from streams.runs.app import RunApp
    from streams.runs.consumer import RunConsumer

log = structlog.get_logger(__name__)

LOOKS = 6  # in the time after which a worker is given up
ANSWER_S = 5.0


class StalledError(RuntimeError):
    """A partition of this worker stands still."""


class Pulse:
    """Kept by the app (offsets are next offsets); `watch` is its task."""

    def __init__(self, app: RunApp) -> None:
        self._app = app
        self._watch: StallWatch[TP] = StallWatch(app.settings.stall_s)
        self._every_s = app.settings.stall_s / LOOKS
        self.restored = 0
        self.restored_at_s = 0.0  # monotonic
        self._behind: dict[TP, int] = {}
        self.fetched: dict[TP, int] = defaultdict(int)
        self._on_the_way: dict[TP, deque[int]] = defaultdict(deque)
        self.reached: dict[TP, int] = defaultdict(int)
        self.committed: dict[TP, int] = defaultdict(int)

    def fetch(self, tp: TP, next_offset: int) -> None:
        """A run was fetched: the consumer will not bring it again."""
        self.fetched[tp] = next_offset
        self._on_the_way[tp].append(next_offset)

    def reach(self, tp: TP, first_offset: int, next_offset: int) -> None:
        """A run arrives at the agent. Raises RuntimeError unless it is the next one.

        What came before is in the table and in a transaction, and would be written twice. What was fetched and
        never came would be lost with the next commit, which covers its offsets.
        """
        before, way = self.reached[tp], self._on_the_way[tp]
        if first_offset < before:
            raise RuntimeError(f"{tp.topic}-{tp.partition} came again from {first_offset}, it is at {before}")
        if not way or way.popleft() != next_offset:
            raise RuntimeError(f"{tp.topic}-{tp.partition} goes on at {first_offset}, a run before it never came")
        self.reached[tp] = next_offset

    def start_over(self) -> None:
        """Partitions are taken over: runs of before will be read again, by whoever owns them now."""
        self.fetched.clear()
        self._on_the_way.clear()
        self.reached.clear()
        self.committed.clear()

    def more_restored(self, records: int) -> None:
        self.restored += records
        self.restored_at_s = monotonic()

    def lags(self) -> dict[TP, int]:
        """Offsets that each partition of this worker was behind at the last look; 0 where there was none yet."""
        return {tp: self._behind.get(tp, 0) for tp in self._owned()}

    async def watch(self) -> None:
        """Until cancelled. Raises StalledError."""
        while True:
            try:
                await self._watch_log()
            except (KafkaError, TimeoutError) as error:
                log.info("Kafka does not say where the log ends", why=repr(error))
                self._watch.excuse()
                await asyncio.sleep(self._every_s)

    async def _watch_log(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._app.settings.kafka_servers, isolation_level="read_committed"
        )
        try:
            await consumer.start()
            while True:
                await self._look(consumer)
                await asyncio.sleep(self._every_s)
        finally:
            await consumer.stop()

    async def _look(self, consumer: AIOKafkaConsumer) -> None:
        owned = self._owned()
        asked = [TopicPartition(*tp) for tp in owned]
        ends = await asyncio.wait_for(consumer.end_offsets(asked), ANSWER_S) if asked else {}
        places = {tp: await self._place(tp) for tp in owned}
        self._behind = {tp: place.behind(ends[TopicPartition(*tp)]) for tp, place in places.items()}
        if not self._app.transactional and any(place.in_hand for place in places.values()):
            return self._watch.excuse()  # it hands a run over, for as long as that takes
        stalled = self._watch.look(places, {TP(*tp): end for tp, end in ends.items()}, monotonic())
        if stalled:
            self._tell()
            raise StalledError(f"no progress in {self._app.settings.stall_s} s: {stalled}")
        return None

    def _tell(self) -> None:
        """What a post-mortem needs: who waits for what, in both event loops of the worker."""
        app, consumer = self._app, cast("RunConsumer", self._app.consumer)
        log.error(
            "a partition stands still",
            rebalancing=app.rebalancing,
            flows=consumer.flow_active,
            unacked=len(consumer.unacked),
            tasks=waiting([asyncio.get_running_loop(), consumer.thread_loop]),
        )

    def _owned(self) -> set[TP]:
        return {tp for tp in self._app.consumer.assignment() if tp.topic in self._app.sources}

    async def _place(self, tp: TP) -> Place:
        return Place(
            position=await self._position(tp),
            fetched=self.fetched[tp],
            reached=self.reached[tp],
            committed=self.committed[tp],
            restored=self.restored,
        )

    async def _position(self, tp: TP) -> int:
        """0 while the consumer does not know it; asking waits for it, in a rebalance for long."""
        try:
            return cast(int, await asyncio.wait_for(self._app.consumer.position(tp), ANSWER_S)) or 0
        except (KafkaError, TimeoutError):
            return 0
