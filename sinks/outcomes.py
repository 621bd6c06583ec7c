"""What came of each attempt, to topic `outcomes`. Best effort: delivery never waits for Kafka here.

Records wait in a bounded queue, also those that Kafka did not take at the first try; when Kafka is away longer
than that lasts, the newest are dropped and counted. A clean end sends what waits first.
The truth about a job is its place in RabbitMQ; this topic is what the ledger shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

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
GATHER_S = 0.05  # between two sends
REQUEST_TIMEOUT_MS = 10_000
CLOSE_TIMEOUT_S = 5.0
FIRST_PAUSE_S, MOST_PAUSE_S = 0.5, 10.0

partition_of = DefaultPartitioner()  # by key, as everything that belongs to a session


class Outcomes:
    """`start` it, `record` outcomes without waiting, `close` it."""

    def __init__(self, settings: Settings) -> None:
        self._servers, self._topic = settings.kafka_servers, settings.topic("outcomes")
        self._waiting: asyncio.Queue[Outcome] = asyncio.Queue(MOST_WAITING)
        self._sender: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._sender = asyncio.create_task(self._send_for_ever())

    def record(self, outcomes: Iterable[Outcome]) -> None:
        """Take them for sending; drops what does not fit."""
        for outcome in outcomes:
            try:
                self._waiting.put_nowait(outcome)
            except asyncio.QueueFull:
                DROPPED.inc()

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
                self.record(left)  # before task_done: close waits for them too
                for _ in taken:
                    self._waiting.task_done()
            if error is not None:
                raise error
            await asyncio.sleep(GATHER_S)

    async def _send_all(
        self, producer: AIOKafkaProducer, outcomes: Sequence[Outcome]
    ) -> tuple[list[Outcome], BaseException | None]:
        """What Kafka did not take, and why. Sent in sets: a send and a future for each cost 30 us of CPU."""
        partitions = sorted(await producer.partitions_for(self._topic))
        by_partition: dict[int, list[tuple[bytes, Outcome]]] = {}
        for key, group in _by_key(outcomes).items():
            here = by_partition.setdefault(partition_of(key, partitions, partitions), [])
            here += [(key, outcome) for outcome in group]
        parts = [(number, part) for number, all_of in by_partition.items() for part in _filled(producer, all_of)]
        sent = await asyncio.gather(
            *(self._send_part(producer, number, builder) for number, (builder, _) in parts), return_exceptions=True
        )
        failed = [(error, part) for error, (_, (_, part)) in zip(sent, parts, strict=True) if error is not None]
        return [outcome for _, part in failed for outcome in part], failed[0][0] if failed else None

    async def _send_part(self, producer: AIOKafkaProducer, partition: int, builder: BatchBuilder) -> None:
        await (await producer.send_batch(builder, self._topic, partition=partition))


def _by_key(outcomes: Iterable[Outcome]) -> dict[bytes, list[Outcome]]:
    found: dict[bytes, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(session_key(outcome.tenant, outcome.session_id), []).append(outcome)
    return found


def _filled(
    producer: AIOKafkaProducer, outcomes: Iterable[tuple[bytes, Outcome]]
) -> Iterator[tuple[BatchBuilder, list[Outcome]]]:
    """Record sets of at most SET_BYTES, in order."""
    builder, part = producer.create_batch(), list[Outcome]()
    for key, outcome in outcomes:
        value = encode(outcome)
        if builder.append(key=key, value=value, timestamp=None) is None:
            yield builder, part
            builder, part = producer.create_batch(), []
            builder.append(key=key, value=value, timestamp=None)
        part.append(outcome)
    yield builder, part


async def _stop(producer: AIOKafkaProducer) -> None:
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await producer.stop()
