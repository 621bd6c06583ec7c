"""Writing: one transactional producer a partition, one transaction a run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.structs import TopicPartition

from streams.runs.measures import TRANSACTION
from streams.runs.packing import Outgoing, filled, partition_of

log = structlog.get_logger(__name__)

Progress = Mapping[TopicPartition, int]  # next offset of what was read
CLOSE_S = 3.0  # a fenced producer may never answer; its partition has a new owner by then


class PartitionWriter:
    """The one producer that may write for partition `partition` of the source topics.

    `transactional_id` is the same for every owner of the partition, so starting it aborts what a former
    owner left open and shuts that owner out. Commits of a partition follow one another; `commit` returns when
    the one before is durable and its own is under way, whichever source topic either run is of.
    """

    def __init__(self, partition: int, group: str, new_producer: Callable[[str], AIOKafkaProducer]) -> None:
        self._partition = partition
        self._group = group
        self._producer = new_producer(f"{group}-{partition}")
        self._under_way: asyncio.Task[None] | None = None

    async def fence(self) -> None:
        """InitProducerId: from here on no other worker can commit for this partition."""
        await self._producer.start()

    async def commit(
        self,
        outgoing: list[Outgoing],
        progress: Progress,
        on_done: Callable[[], Coroutine[Any, Any, None]],
        on_error: Callable[[BaseException], None],
    ) -> None:
        """Start the transaction of one run. `on_done` runs when it is durable, `on_error` when anything failed."""
        if self._under_way is not None:
            await self._under_way
        self._under_way = asyncio.create_task(self._run(outgoing, progress, on_done, on_error))

    async def _run(
        self,
        outgoing: list[Outgoing],
        progress: Progress,
        on_done: Callable[[], Coroutine[Any, Any, None]],
        on_error: Callable[[BaseException], None],
    ) -> None:
        try:
            with TRANSACTION.time():
                await self._transact(outgoing, progress)
            await on_done()
        except BaseException as error:
            on_error(error)
            raise

    async def _transact(self, outgoing: list[Outgoing], progress: Progress) -> None:
        producer = self._producer
        await producer.begin_transaction()
        sent = [
            await producer.send_batch(records, topic, partition=partition)
            for (topic, partition), of_partition in (await self._placed(outgoing)).items()
            for records in filled(producer, of_partition)
        ]
        await producer.send_offsets_to_transaction(progress, self._group)
        if sent:
            await asyncio.gather(*sent)
        await producer.commit_transaction()

    async def _placed(self, outgoing: Iterable[Outgoing]) -> dict[tuple[str, int], list[Outgoing]]:
        """By topic and partition. Without either a partition or a key, it is that of the writer."""
        placed: dict[tuple[str, int], list[Outgoing]] = {}
        counts: dict[str, int] = {}
        for record in outgoing:
            topic, partition = record.topic, record.partition
            if partition is None:
                if topic not in counts:
                    counts[topic] = len(await self._producer.partitions_for(topic))
                partition = partition_of(record.key, counts[topic], self._partition % counts[topic])
            placed.setdefault((topic, partition), []).append(record)
        return placed

    async def close(self) -> None:
        try:
            await asyncio.wait_for(self._producer.stop(), CLOSE_S)
        except Exception as error:
            log.info("producer of a partition did not stop in time", partition=self._partition, why=repr(error))


async def fence_all(writers: Iterable[PartitionWriter]) -> None:
    await asyncio.gather(*(writer.fence() for writer in writers))
