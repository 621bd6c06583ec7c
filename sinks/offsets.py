"""How far a topic and the groups that read it are, and the records between two points."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from sinks.kafka_admin import kafka_admin
from streams.settings import Settings

POLL_MS = 200
SILENT_S = 45.0  # longer than Kafka lets a dead worker's transaction be open
FETCH_BYTES = 65_536  # of a partition at once: often only its first record is wanted

FETCH_WAIT_MS = 50  # Kafka answers no other question on a connection while it waits for records

Offsets = dict[int, int]  # partition -> next offset


class OffsetsError(Exception):
    """Kafka does not answer, or there is no such topic; the message says what to do."""


class TopicEnds:
    """Use as a context manager. Sees committed records only, as the roles do."""

    def __init__(self, settings: Settings) -> None:
        self._where = ", ".join(settings.kafka_servers)
        self._consumer = _consumer(settings, "read_committed")
        self._all = _consumer(settings, "read_uncommitted")
        self._there: set[str] = set()
        self._partitions = settings.partitions

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
            await self._all.start()
            self._there = await self._consumer.topics()
        except (KafkaError, OSError) as error:
            await self._stop()
            raise OffsetsError(
                f"Kafka does not answer at {self._where} (CAPI_KAFKA_URL): start it with `make up`, or correct "
                "the address"
            ) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        await self._consumer.stop()
        await self._all.stop()

    async def ends(self, topic: str, *, written: bool = False) -> Offsets:
        """Where each partition ends now, for who reads committed records. Raises OffsetsError.

        `written`: with all that is written. A transaction whose offsets show in its group may still lack its mark
        here for a moment; who waits for its records has to count them in.
        """
        consumer = self._all if written else self._consumer
        if topic not in self._there:
            raise OffsetsError(f"there is no topic {topic}: run `capi topics apply`")
        partitions = range(self._partitions)  # all topics have as many
        try:
            found = await consumer.end_offsets([TopicPartition(topic, number) for number in partitions])
        except (KafkaError, OSError) as error:
            raise OffsetsError(f"Kafka did not say where {topic} ends ({type(error).__name__})") from error
        return {tp.partition: offset for tp, offset in sorted(found.items())}

    async def between(self, topic: str, starts: Mapping[int, int], ends: Offsets) -> AsyncIterator[ConsumerRecord]:
        """Records from `starts` on and before `ends`, each partition in its order. Raises OffsetsError."""
        left = {TopicPartition(topic, n): end for n, end in ends.items() if starts.get(n, 0) < end}
        self._consumer.assign(list(left))
        for partition in left:
            self._consumer.seek(partition, starts.get(partition.partition, 0))
        heard_s = time.monotonic()
        while left:
            found = await self._consumer.getmany(timeout_ms=POLL_MS)
            heard_s = time.monotonic() if found else heard_s
            for partition, records in found.items():
                for record in records:
                    if record.offset < ends[partition.partition]:
                        yield record
            left = {tp: end for tp, end in left.items() if await self._consumer.position(tp) < end}
            if time.monotonic() - heard_s > SILENT_S:
                raise OffsetsError(f"Kafka fell silent in the middle of {topic}")

    async def oldest_ms(
        self, topic: str, starts: Mapping[int, int], ends: Offsets, within_s: float
    ) -> dict[int, int | None]:
        """Record time (Unix ms) of the first record of each partition from `starts` on and before `ends`; without
        partitions in which nothing but the marks of transactions is left. None: not found out within that time."""
        left = {TopicPartition(topic, number): ends[number] for number in starts}
        self._consumer.assign(list(left))
        for partition in left:
            self._consumer.seek(partition, starts[partition.partition])
        found: dict[int, int | None] = {}
        try:
            async with asyncio.timeout(within_s):
                while left:
                    await self._look(left, found)
        except TimeoutError:
            return {partition.partition: None for partition in left} | found
        return found

    async def _look(self, left: dict[TopicPartition, int], found: dict[int, int | None]) -> None:
        """Takes out of `left` what is decided."""
        for partition, records in (await self._consumer.getmany(timeout_ms=POLL_MS)).items():
            if partition in left and records[0].offset < left[partition]:
                found[partition.partition] = records[0].timestamp
        for partition, end in [*left.items()]:
            if partition.partition in found or await self._consumer.position(partition) >= end:
                del left[partition]
                self._consumer.pause(partition)


def _consumer(settings: Settings, isolation: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_servers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=isolation,
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )


async def committed(admin: AIOKafkaAdminClient, group: str) -> dict[str, Offsets]:
    """Topic -> where the group goes on reading; empty for a group that never committed."""
    found = await admin.list_consumer_group_offsets(group)
    topics: dict[str, Offsets] = {}
    for tp, meta in found.items():
        if meta.offset >= 0:
            topics.setdefault(tp.topic, {})[tp.partition] = meta.offset
    return topics


async def committed_by(settings: Settings, group: str, topic: str) -> Offsets:
    """The same of one topic. Raises KafkaAdminError."""
    async with kafka_admin(settings.kafka_servers) as admin:
        return (await committed(admin, group)).get(topic, {})
