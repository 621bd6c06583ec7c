"""What a run left behind: committed records of a topic, and the platforms' ledger."""

from __future__ import annotations

import asyncio

import httpx
from aiokafka.structs import ConsumerRecord

from streams.settings import Settings
from tests.faults.verdict import Landed
from tests.kafka import read_all

READ_S = 60.0


async def committed(settings: Settings, topic: str, *, timeout_s: float = READ_S) -> list[ConsumerRecord]:
    """Every committed record that `capi.<topic>` holds now, in log order a partition. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        return await read_all(settings, settings.topic(topic))


async def read_ledger(url: str, *, timeout_s: float = 10.0) -> list[Landed]:
    """All that the stand-in of the platforms accepted."""
    async with httpx.AsyncClient(timeout=timeout_s) as client:
        answer = await client.get(f"{url}/ledger")
    answer.raise_for_status()
    return [
        Landed(line["platform"], line["pixel"], line["event_id"], line["count"])
        for line in answer.json()["events"]
    ]
