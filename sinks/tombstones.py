"""The tombstones of erased people, as a delivery worker knows them: topic `erased`, read to its end and followed.

In memory, so asking before each POST costs no way to a server. Kafka being away never stops delivery: then the
worker goes by what it has read, and nobody else can be erased meanwhile. One that starts then knows of nobody, and
says so.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.settings import Settings
from streams.tombstones import Tombstones

log = structlog.get_logger(__name__)

START_S = 10.0
POLL_MS = 1_000
FETCH_WAIT_MS = 500  # a new one is answered at once; this is how long Kafka keeps a question without answer
PAUSE_S = 3.0


class TombstoneReader:
    """`start` it, ask `tombstones`, `close` it."""

    def __init__(self, settings: Settings) -> None:
        self.tombstones = Tombstones()
        self._servers, self._topic = settings.kafka_servers, settings.topic("erased")
        self._partitions = settings.partitions
        self._tried, self._task = asyncio.Event(), asyncio.get_running_loop().create_task(self._read_for_ever())

    async def start(self) -> None:
        """Returns when all that is there was read, or Kafka cannot be read now."""
        with suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                await self._tried.wait()

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _read_for_ever(self) -> None:
        while True:
            try:
                await self._read()
            except (KafkaError, OSError) as error:
                log.warning(
                    "cannot read whom to forget; going by what was read",
                    why=type(error).__name__,
                    n=len(self.tombstones),
                )
            self._tried.set()
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
        finally:
            await consumer.stop()

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        partitions = [TopicPartition(self._topic, number) for number in range(self._partitions)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while True:
            if not self._tried.is_set() and all([await consumer.position(tp) >= end for tp, end in ends.items()]):
                self._tried.set()
            for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    self.tombstones.learn(record.value or b"", record.timestamp)
