"""Writing: one transactional producer a partition, one transaction a run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.structs import TopicPartition

from streams.runs.measures import TRANSACTION

log = structlog.get_logger(__name__)

Progress = Mapping[TopicPartition, int]  # next offset of what was read
CLOSE_S = 3.0  # a fenced producer may never answer; its partition has a new owner by then


class Outgoing(NamedTuple):
    """A record to write: `partition` None leaves it to the hash of the key. A `value` of None is a tombstone."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None


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
            await producer.send(record.topic, key=record.key, value=record.value, partition=record.partition)
            for record in outgoing
        ]
        await producer.send_offsets_to_transaction(progress, self._group)
        if sent:
            await asyncio.gather(*sent)
        await producer.commit_transaction()

    async def close(self) -> None:
        try:
            await asyncio.wait_for(self._producer.stop(), CLOSE_S)
        except Exception as error:
            log.info("producer of a partition did not stop in time", partition=self._partition, why=repr(error))


async def fence_all(writers: Iterable[PartitionWriter]) -> None:
    await asyncio.gather(*(writer.fence() for writer in writers))
