"""What a run left behind: committed records of a topic, and the platforms' ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from streams.events import Event, decode_input
from streams.settings import Settings
from tests.faults.plan import MAILBOX
from tests.faults.verdict import Landed
from tests.kafka import committed_offsets, read_all, reader_of

READ_S = 60.0
SOURCES = {"ingest": "events", "sessions": "sessions.in", "visitors": "visitors.in", "dispatch": "batches"}
PERSONAL = MAILBOX.encode()


async def committed(settings: Settings, topic: str, *, timeout_s: float = READ_S) -> list[ConsumerRecord]:
    """Every committed record that `capi.<topic>` holds now, in log order a partition. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        return await read_all(settings, settings.topic(topic))


def arrivals(log: Iterable[ConsumerRecord]) -> dict[str, list[int]]:
    """Event id -> log times (ms) of its copies in `sessions.in`; ticks are left out."""
    times: dict[str, list[int]] = {}
    for record in log:
        value = decode_input(record.value)
        if isinstance(value, Event):
            times.setdefault(value.event_id, []).append(record.timestamp)
    return times


def in_the_clear(records: Iterable[ConsumerRecord], outputs: Iterable[bytes]) -> int:
    """How many records after the door, and outputs of processes, hold an e-mail address of the plan."""
    values = (record.value or b"" for record in records)
    return sum(PERSONAL in text for text in (*values, *outputs))


async def read_ledger(url: str, *, timeout_s: float = 10.0) -> tuple[list[Landed], int]:
    """All that the stand-in of the platforms accepted, and how often it saw personal data in clear."""
    async with httpx.AsyncClient(timeout=timeout_s) as client:
        answer = (await client.get(f"{url}/ledger")).raise_for_status().json()
    landed = [
        Landed(line["platform"], line["pixel"], line["event_id"], line["count"]) for line in answer["events"]
    ]
    return landed, answer["totals"]["privacy_violations"]


async def standings(settings: Settings) -> list[str]:
    """For the report of a failure: role and partition, the offset that its group has committed, and where its
    log ends for readers of committed and of all records."""
    lines = []
    for role, source in SOURCES.items():
        topic = settings.topic(source)
        offsets = await committed_offsets(settings, f"{settings.namespace}-{role}", topic)
        stable, ends = (
            await _ends(settings, topic, "read_committed"),
            await _ends(settings, topic, "read_uncommitted"),
        )
        lines += [
            f"{role} {number}: {offset}, {stable[number]}, {ends[number]}" for number, offset in offsets.items()
        ]
    return lines


async def _ends(settings: Settings, topic: str, isolation: str) -> dict[int, int]:
    async with reader_of(settings, topic, isolation) as reader:
        return {tp.partition: end for tp, end in (await reader.end_offsets(list(reader.assignment()))).items()}


async def answers(url: str) -> bool:
    """Whether the stand-in is up."""
    async with httpx.AsyncClient(timeout=2.0) as client:
        try:
            return (await client.get(f"{url}/healthz")).is_success
        except httpx.TransportError:
            return False


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
