"""What came of each attempt, to topic `outcomes`. Delivery goes on without Kafka: it waits TELL_S for it once.

A job is acknowledged when its outcome is in Kafka, so a worker that is killed leaves none that nobody has heard
of. When Kafka does not answer, outcomes wait in a bounded queue; when it is away longer than that lasts, the
newest are dropped and counted. A clean end sends what waits first.
The truth about a job is its place in RabbitMQ; this topic is what the ledger shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from prometheus_client import Counter

from streams.events import Outcome, encode, session_key
from streams.settings import Settings

log = structlog.get_logger(__name__)

DROPPED = Counter("capi_outcomes_dropped_total", "Outcome records that Kafka did not get")

MOST_WAITING = 50_000
MOST_SENT = 5_000  # at once
SET_BYTES = 262_144
GATHER_S = 0.02  # between two sends
TELL_S = 1.0
REQUEST_TIMEOUT_MS = 10_000
CLOSE_TIMEOUT_S = 5.0
FIRST_PAUSE_S, MOST_PAUSE_S = 0.5, 10.0

partition_of = DefaultPartitioner()  # by key, as everything that belongs to a session


class Parcel:
    """Outcomes that were given together. `done` when Kafka has all of them, or they were dropped."""

    def __init__(self, outcomes: int) -> None:
        self._left, self.done = outcomes, asyncio.get_running_loop().create_future()

    def less(self) -> None:
        self._left -= 1
        if self._left == 0 and not self.done.done():
            self.done.set_result(None)


class Item(NamedTuple):
    outcome: Outcome
    parcel: Parcel


class Outcomes:
    """`start` it, `tell` it outcomes, `close` it."""

    def __init__(self, settings: Settings) -> None:
        self._servers, self._topic = settings.kafka_servers, settings.topic("outcomes")
        self._waiting: asyncio.Queue[Item] = asyncio.Queue(MOST_WAITING)
        self._answers = True  # Kafka, as far as is known
        self._sender: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._sender = asyncio.create_task(self._send_for_ever())

    async def tell(self, outcomes: Collection[Outcome]) -> None:
        """Returns when Kafka has them; while it does not answer, at once."""
        if not outcomes:
            return
        parcel = Parcel(len(outcomes))
        self._put(Item(outcome, parcel) for outcome in outcomes)
        if self._answers and not (await asyncio.wait({parcel.done}, timeout=TELL_S))[0]:
            self._answers = False

    def _put(self, items: Iterable[Item]) -> None:
        """Drops what does not fit."""
        for item in items:
            try:
                self._waiting.put_nowait(item)
            except asyncio.QueueFull:
                DROPPED.inc()
                item.parcel.less()

    async def close(self) -> None:
        """Send what waits, for at most CLOSE_TIMEOUT_S, and count the rest as dropped."""
        if self._sender is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._waiting.join()
        DROPPED.inc(self._waiting.qsize())
        self._sender.cancel()
        with suppress(asyncio.CancelledError):
            await self._sender

    async def _send_for_ever(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._servers, max_batch_size=SET_BYTES, request_timeout_ms=REQUEST_TIMEOUT_MS
            )
            try:
                await producer.start()
                pause_s = FIRST_PAUSE_S
                await self._send(producer)
            except (KafkaError, OSError) as error:
                log.warning("outcomes wait for Kafka", why=type(error).__name__, waiting=self._waiting.qsize())
            finally:
                await _stop(producer)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, MOST_PAUSE_S)

    async def _send(self, producer: AIOKafkaProducer) -> None:
        while True:
            taken = [await self._waiting.get()]
            while len(taken) < MOST_SENT and not self._waiting.empty():
                taken.append(self._waiting.get_nowait())
            left = taken
            try:
                left, error = await self._send_all(producer, taken)
            finally:
                self._put(left)  # before task_done: close waits for them too
                for _ in taken:
                    self._waiting.task_done()
            self._answers = error is None
            if error is not None:
                raise error
            await asyncio.sleep(GATHER_S)

    async def _send_all(
        self, producer: AIOKafkaProducer, items: Sequence[Item]
    ) -> tuple[list[Item], BaseException | None]:
        """What Kafka did not take, and why. Sent in sets: a send and a future for each cost 30 us of CPU."""
        partitions = sorted(await producer.partitions_for(self._topic))
        by_partition: dict[int, list[tuple[bytes, Item]]] = {}
        for key, group in _by_key(items).items():
            here = by_partition.setdefault(partition_of(key, partitions, partitions), [])
            here += [(key, item) for item in group]
        parts = [(number, part) for number, all_of in by_partition.items() for part in _filled(producer, all_of)]
        sent = await asyncio.gather(
            *(self._send_part(producer, number, *part) for number, part in parts), return_exceptions=True
        )
        failed = [(error, part) for error, (_, (_, part)) in zip(sent, parts, strict=True) if error is not None]
        return [item for _, part in failed for item in part], failed[0][0] if failed else None

    async def _send_part(
        self, producer: AIOKafkaProducer, partition: int, builder: BatchBuilder, part: Sequence[Item]
    ) -> None:
        await (await producer.send_batch(builder, self._topic, partition=partition))
        for item in part:
            item.parcel.less()


def _by_key(items: Iterable[Item]) -> dict[bytes, list[Item]]:
    found: dict[bytes, list[Item]] = {}
    for item in items:
        found.setdefault(session_key(item.outcome.tenant, item.outcome.session_id), []).append(item)
    return found


def _filled(
    producer: AIOKafkaProducer, items: Iterable[tuple[bytes, Item]]
) -> Iterator[tuple[BatchBuilder, list[Item]]]:
    """Record sets of at most SET_BYTES, in order."""
    builder, part = producer.create_batch(), list[Item]()
    for key, item in items:
        value = encode(item.outcome)
        if builder.append(key=key, value=value, timestamp=None) is None:
            yield builder, part
            builder, part = producer.create_batch(), []
            builder.append(key=key, value=value, timestamp=None)
        part.append(item)
    yield builder, part


async def _stop(producer: AIOKafkaProducer) -> None:
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await producer.stop()
