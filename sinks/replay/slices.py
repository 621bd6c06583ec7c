"""A topic between two points in time, read once from end to end, whatever its partitions hold."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from time import monotonic
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.settings import Settings

RECORDS = 500
POLL_MS = 500
SILENCE_S = 30.0


class SliceError(Exception):
    """Kafka is not there, or the topic; the message says what to do."""


class Slice:
    """Committed records of `topic` from `since_ms` on and before `until_ms` (record time, Unix ms; 0: until now).

    Use as a context manager. `total` records are between its ends; `from_ms` is `since_ms`, or later when
    retention has taken what was before.
    """

    def __init__(self, settings: Settings, topic: str, since_ms: int, until_ms: int = 0) -> None:
        self._topic, self._since_ms, self._until_ms = topic, since_ms, until_ms
        self._servers = settings.kafka_servers
        self._ends: dict[TopicPartition, int] = {}
        self.total, self.from_ms = 0, since_ms

    async def __aenter__(self) -> Self:
        self._consumer = AIOKafkaConsumer(
            self._topic,
            bootstrap_servers=self._servers,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        try:
            await self._consumer.start()
            await self._find_ends()
        except (KafkaError, OSError) as error:
            await self._consumer.stop()
            raise SliceError(f"Kafka does not answer for {self._topic} ({type(error).__name__})") from error
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def records(self) -> AsyncIterator[ConsumerRecord]:
        """In each partition's order. Raises SliceError when Kafka falls silent."""
        heard_s = monotonic()
        while await self._unfinished():
            found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS)
            for partition, records in found.items():
                for record in records:
                    if record.offset < self._ends[partition] and self._within(record):
                        yield record
            heard_s = monotonic() if found else heard_s
            if monotonic() - heard_s > SILENCE_S:
                raise SliceError(f"Kafka fell silent in the middle of {self._topic}")

    def _within(self, record: ConsumerRecord) -> bool:
        # offsets are found by time, but times of neighbours may be a little out of order
        return record.timestamp >= self._since_ms and (not self._until_ms or record.timestamp < self._until_ms)

    async def _find_ends(self) -> None:
        partitions = self._consumer.assignment()
        if not partitions:
            raise SliceError(f"there is no topic {self._topic}; run `capi topics apply`")
        first = await self._consumer.beginning_offsets(partitions)
        last = await self._consumer.end_offsets(partitions)
        starts = await self._consumer.offsets_for_times(dict.fromkeys(partitions, self._since_ms))
        stops = await self._consumer.offsets_for_times(dict.fromkeys(partitions, self._until_ms))
        for partition in partitions:
            start, stop = starts[partition], stops[partition] if self._until_ms else None
            begin = start.offset if start else last[partition]
            self._ends[partition] = stop.offset if stop else last[partition]
            self._consumer.seek(partition, begin)
            self.total += max(0, self._ends[partition] - begin)
            if first[partition] > 0 and begin == first[partition]:
                self.from_ms = max(self.from_ms, start.timestamp if start else _now_ms())

    async def _unfinished(self) -> bool:
        for partition, end in self._ends.items():
            if partition not in self._consumer.paused() and await self._consumer.position(partition) >= end:
                self._consumer.pause(partition)
        return len(self._consumer.paused()) < len(self._ends)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
