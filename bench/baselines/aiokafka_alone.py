"""The session rules on aiokafka alone, without Faust: `python -m bench.baselines.aiokafka_alone`.

Consume, decide, produce; one transaction for all that a fetch brought. No changelog, so its state dies with it, no
fencing by partition and no ticks: less than a session worker has to do, hence the floor of the client library.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import ConsumerRecord, TopicPartition

from agents.sessions import apply, limits_by_tenant
from streams.effects import Flushed
from streams.events import encode
from streams.session_state import Session
from streams.settings import Settings, load_settings
from streams.windows import Windows

FETCH_RECORDS = 2_000
Out = tuple[int, bytes, bytes]  # partition, key, value


async def main(settings: Settings) -> None:
    group, table = f"{settings.namespace}-sessions", dict[bytes, Session]()
    windows = Windows(table, limits_by_tenant(settings))
    consumer = AIOKafkaConsumer(
        settings.topic("sessions.in"),
        bootstrap_servers=settings.kafka_servers,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_servers,
        transactional_id=group,
        max_batch_size=524_288,
        retry_backoff_ms=10,
    )
    async with consumer, producer:
        while True:
            fetched = await consumer.getmany(timeout_ms=200, max_records=FETCH_RECORDS)
            if fetched:
                progress = {tp: records[-1].offset + 1 for tp, records in fetched.items()}
                out = [one for records in fetched.values() for one in decide(windows, records)]
                await write(producer, settings.topic("batches"), out, progress, group)


def decide(windows: Windows, records: Iterable[ConsumerRecord]) -> Iterator[Out]:
    for record in records:
        for effect in apply(windows, record, set()):
            if isinstance(effect, Flushed):
                yield record.partition, effect.batch.key, encode(effect.batch)


async def write(
    producer: AIOKafkaProducer, topic: str, out: Iterable[Out], progress: dict[TopicPartition, int], group: str
) -> None:
    async with producer.transaction():
        sent = [await producer.send(topic, value, key, partition=partition) for partition, key, value in out]
        await producer.send_offsets_to_transaction(progress, group)
        await asyncio.gather(*sent)


if __name__ == "__main__":
    asyncio.run(main(load_settings()))
