"""Kafka of the demo: raw events in, batches and rejects out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.demo.plan import Planned
from streams.events import Batch, Reject, decode_batch, decode_reject
from streams.settings import Settings

Sent = Callable[[Planned], None]
Left = Callable[[Batch | Reject], None]


async def send(settings: Settings, planned: Sequence[Planned], sent: Sent) -> None:
    """Produce each event when its time has come; `sent` is called once Kafka has confirmed it."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_servers, acks="all", enable_idempotence=True, linger_ms=10
    )
    await producer.start()
    started_s = time.monotonic()
    try:
        async with asyncio.TaskGroup() as confirmations:
            for step in planned:
                await asyncio.sleep(max(0.0, started_s + step.at_s - time.monotonic()))
                confirmation = await producer.send(
                    settings.topic("events"), _value(step.raw), step.session_id.encode()
                )
                confirmations.create_task(_confirmed(confirmation, step, sent))
    finally:
        await producer.stop()


async def _confirmed(confirmation: asyncio.Future[Any], step: Planned, sent: Sent) -> None:
    await confirmation
    sent(step)


def _value(raw: dict[str, Any]) -> bytes:
    return msgspec.json.encode(raw | {"timestamp": time.time_ns() // 1_000_000})


async def receive(settings: Settings, left: Left) -> None:
    """Hand on every committed batch and every reject, until cancelled."""
    batches, rejects = settings.topic("batches"), settings.topic("rejects")
    async with _consumer(settings, [batches, rejects]) as consumer:
        async for record in consumer:
            decode = decode_batch if record.topic == batches else decode_reject
            left(decode(record.value))


@asynccontextmanager
async def _consumer(settings: Settings, names: Sequence[str]) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_servers,
        group_id=None,
        auto_offset_reset="earliest",
        isolation_level="read_committed",  # a batch of a transaction that failed never existed
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(name, n) for name in names for n in range(settings.partitions)])
        yield consumer
    finally:
        await consumer.stop()
