"""Runs of several topics with one table: every record once through kills and rebalances of two workers."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest

from streams.settings import Settings
from tests.integration.test_runs import MODULE, counted, short
from tests.kafka import committed_offsets, producer_of, read_all, read_until, topics_of
from tests.workers import environment, faust_worker, stop

pytestmark = pytest.mark.stack
SOURCES = ("sessions.in", "visitors.in", "outcomes")


async def feed(settings: Settings, values: list[bytes]) -> None:
    """To all topics by turns and both partitions; a key is counted from every topic."""
    async with producer_of(settings) as producer:
        for n, value in enumerate(values):
            topic, partition = settings.topic(SOURCES[n % 3]), n // 3 % 2
            await producer.send(topic, key=b"k%d" % partition, value=value, partition=partition)
            if n % 60 == 0:
                await asyncio.sleep(0.3)


async def test_every_record_of_every_topic_once(tmp_path: Path) -> None:
    settings = short(run_records=20)
    values = [b"v%05d" % n for n in range(1_800)]
    async with topics_of(settings):
        env = environment(settings, SOURCES=",".join(SOURCES))
        fed = asyncio.create_task(feed(settings, values))
        with faust_worker(MODULE, env, tmp_path / "a.log") as first:
            await read_until(settings, settings.topic("batches"), lambda found: len(found) >= 60, 60)
            with faust_worker(MODULE, env, tmp_path / "b.log") as second:
                await fed
                first.send_signal(signal.SIGKILL)
                out = await read_until(
                    settings, settings.topic("batches"), lambda found: len(found) >= len(values), 60
                )
                assert stop(second) == 0
        assert Counter(record.value for record in out) == Counter(values)
        assert await counted(settings) == {b"k0": 900, b"k1": 900}
        for source in SOURCES:
            topic = settings.topic(source)
            read = await committed_offsets(settings, f"{settings.namespace}-sessions", topic)
            ends = Counter(record.partition for record in await read_all(settings, topic))
            assert read == dict(ends)
