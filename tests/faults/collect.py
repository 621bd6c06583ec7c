"""What a run left behind in Kafka, and who is in a group."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from streams.events import Event, decode_input
from streams.settings import Settings
from tests.faults.plan import MAILBOX
from tests.kafka import read_all

READ_S = 60.0
PERSONAL = MAILBOX.encode()


async def committed(settings: Settings, topic: str, *, timeout_s: float = READ_S) -> list[ConsumerRecord]:
    """Every committed record that `capi.<topic>` holds now, in log order a partition. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        return await read_all(settings, settings.topic(topic))


def arrivals(log: Iterable[ConsumerRecord]) -> dict[str, list[int]]:
    """Event id -> log times (ms) of its copies in `sessions.in`; ticks are left out."""
    times: dict[str, list[int]] = {}
    for record in log:
        value = decode_input(record.value or b"")
        if isinstance(value, Event):
            times.setdefault(value.event_id, []).append(record.timestamp)
    return times


def in_the_clear(records: Iterable[ConsumerRecord], outputs: Iterable[bytes]) -> int:
    """How many records after the door, and outputs of processes, hold an e-mail address of the plan."""
    values = (record.value or b"" for record in records)
    return sum(PERSONAL in text for text in (*values, *outputs))


async def members(settings: Settings, role: str) -> int:
    """How many workers have joined the role's consumer group."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_servers)
    await admin.start()
    try:
        described = await admin.describe_consumer_groups([f"{settings.namespace}-{role}"])
        return sum(len(group[5]) for answer in described for group in answer.groups)
    except KafkaError:  # a young broker has no coordinator yet
        return 0
    finally:
        await admin.close()
