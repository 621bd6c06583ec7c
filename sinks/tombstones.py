"""The tombstones of erased people, as a worker that sends knows them: topic `erased`, read whole and followed.

In memory, so asking before a POST costs no way to a server. When Kafka goes away, a worker goes by what it has
read, and nobody else can be erased meanwhile. One that starts while Kafka is away would know nobody, so it takes
no job before it has read the topic (`start`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from prometheus_client import Counter

from streams.settings import Settings
from streams.tombstones import Tombstones

log = structlog.get_logger(__name__)

REFUSED = Counter("capi_tombstones_refused_total", "Records of the topic of the erased that are no tombstones")

TELL_S = 5.0  # a start that takes longer is told
POLL_MS = 1_000
FETCH_WAIT_MS = 500  # a new one is answered at once; this is how long Kafka keeps a question without answer
PAUSE_S = 3.0


class TombstoneReader:
    """`start` it, ask `tombstones`, `close` it."""

    def __init__(self, settings: Settings) -> None:
        self.tombstones = Tombstones()
        self._servers, self._topic = settings.kafka_servers, settings.topic("erased")
        self._partitions = settings.partitions
        self._known, self._failing = asyncio.Event(), False
        self._task = asyncio.get_running_loop().create_task(self._read_for_ever())

    @property
    def known(self) -> bool:
        """All that was there was read once, and the topic is followed."""
        return self._known.is_set() and not self._task.done()

    async def start(self, stop: asyncio.Event) -> None:
        """Returns when everybody who was erased is known, however long that takes, or at `stop`."""
        events = [asyncio.create_task(event.wait()) for event in (self._known, stop)]
        try:
            done = await _first_of([*events, self._task], TELL_S)
            if not done:
                log.error("nothing is sent: Kafka has to say who was erased and must not be")
                done = await _first_of([*events, self._task], None)
                log.info("it is known who was erased", n=len(self.tombstones), known=self.known)
            if self._task in done:
                self._task.result()
        finally:
            for task in events:
                task.cancel()

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _read_for_ever(self) -> None:
        while True:
            try:
                await self._read()
            except (KafkaError, OSError) as error:
                self._tell(error)
            await asyncio.sleep(PAUSE_S)

    async def _read(self) -> None:
        """Returns when there is no such topic: then nobody was ever erased."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        try:
            await consumer.start()
            if self._topic in await consumer.topics():
                await self._follow(consumer)
            self._learned_all()
        finally:
            await consumer.stop()

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        partitions = [TopicPartition(self._topic, number) for number in range(self._partitions)]
        consumer.assign(partitions)
        ends, read = await consumer.end_offsets(partitions), False
        while True:
            if not read and all([await consumer.position(tp) >= end for tp, end in ends.items()]):
                read = True
                self._learned_all()
            for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    if not self.tombstones.learn(record.value or b"", record.timestamp):
                        REFUSED.inc()
                        log.error(
                            "not a tombstone", topic=record.topic, partition=record.partition, offset=record.offset
                        )

    def _learned_all(self) -> None:
        self._failing = False
        self._known.set()

    def _tell(self, error: BaseException) -> None:
        """Once each time that it begins."""
        if not self._failing:
            log.warning(
                "cannot read whom to forget; going by what was read",
                why=type(error).__name__,
                n=len(self.tombstones),
                known=self.known,
            )
        self._failing = True


async def _first_of(tasks: Sequence[asyncio.Task[Any]], within_s: float | None) -> set[asyncio.Task[Any]]:
    done, _ = await asyncio.wait(tasks, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    return done
