"""A topic has got more partitions than CAPI_PARTITIONS says: keys would move, so each role refuses to begin."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from streams.runs.app import EXIT_IN_DOUBT
from streams.settings import Settings
from tests.kafka import fresh_settings, topics_of
from tests.workers import environment, faust_worker

SOURCES = {"ledger": "outcomes", "ingest": "events", "sessions": "sessions.in", "dispatch": "batches"}
ENDS_S = 90


async def grow(settings: Settings, topics: Mapping[str, int]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_servers)
    await admin.start()
    try:
        await admin.create_partitions({topic: NewPartitions(total_count=count) for topic, count in topics.items()})
    finally:
        await admin.close()


async def test_no_role_begins(tmp_path: Path) -> None:
    settings = fresh_settings(console_port=0)
    async with topics_of(settings):
        with ExitStack() as stack:
            for role, source in SOURCES.items():
                await grow(settings, {settings.topic(source): 3})
                env = environment(settings, CAPI_STATE_DIR=str(tmp_path / role))
                worker = stack.enter_context(faust_worker(f"agents.{role}", env, tmp_path / f"{role}.log"))
                code = await asyncio.to_thread(worker.wait, ENDS_S)
                said = (tmp_path / f"{role}.log").read_text()
                assert code == EXIT_IN_DOUBT, said[-2000:]
                assert f"topic {settings.topic(source)} has 3 partitions, CAPI_PARTITIONS is 2" in said
                assert "keys would move to other partitions" in said
