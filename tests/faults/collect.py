"""What a run left behind: topics read from their beginning, and the platforms' ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition

from tests.faults.verdict import Landed

READ_S = 60.0


async def read_all(
    servers: Sequence[str], topic: str, partitions: int, *, timeout_s: float = READ_S
) -> list[ConsumerRecord]:
    """Every committed record that the topic holds now, in log order a partition. Raises TimeoutError."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    async with asyncio.timeout(timeout_s):
        await consumer.start()
        try:
            return await _read(consumer, [TopicPartition(topic, number) for number in range(partitions)])
        finally:
            await consumer.stop()


async def _read(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> list[ConsumerRecord]:
    consumer.assign(partitions)
    ends = await consumer.end_offsets(partitions)
    found: list[ConsumerRecord] = []
    # positions, not offsets: the last one of a transaction is a marker, which is never delivered
    while [tp for tp in partitions if await consumer.position(tp) < ends[tp]]:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            found += records
    return found


async def read_ledger(url: str, *, timeout_s: float = 10.0) -> list[Landed]:
    """All that the stand-in of the platforms accepted."""
    async with httpx.AsyncClient(timeout=timeout_s) as client:
        answer = await client.get(f"{url}/ledger")
    answer.raise_for_status()
    return [
        Landed(line["platform"], line["pixel"], line["event_id"], line["count"])
        for line in answer.json()["events"]
    ]
