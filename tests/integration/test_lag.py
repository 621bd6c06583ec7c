"""`capi lag` against real groups, topics and queues."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import AIOKafkaConsumer

from agents.lag import lags
from streams.settings import Settings
from tests.integration.parked_jobs import capi, capi_started
from tests.integration.test_deliver import job, publish
from tests.kafka import eventually, producer_of, topics_of
from tests.rabbit import rabbit_settings

pytestmark = pytest.mark.stack


async def commit(settings: Settings, group: str, topic: str, partition: int, offset: int) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_servers, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, partition)])
        await consumer.commit({TopicPartition(topic, partition): offset})
    finally:
        await consumer.stop()


async def test_lag_counts_what_was_not_read_and_not_the_marks_of_transactions(tmp_path: Path) -> None:
    with rabbit_settings(tmp_path, partitions=2) as settings:
        batches, events = settings.topic("batches"), settings.topic("events")
        async with (
            topics_of(settings),
            producer_of(settings) as plain,
            producer_of(settings, transactional_id=f"{settings.namespace}-t") as transactional,
        ):
            for partition in (0, 1, 1, 1, 1, 1):
                await plain.send_and_wait(events, b"{}", partition=partition)
            async with transactional.transaction():
                await transactional.send_and_wait(batches, b"{}", partition=0)
            await commit(settings, f"{settings.namespace}-ingest", events, 0, 0)
            await commit(settings, f"{settings.namespace}-ingest", events, 1, 2)
            await commit(settings, f"{settings.namespace}-dispatch", batches, 0, 1)
            found = {(row.group.rpartition("-")[2], row.topic, row.partition): row for row in await lags(settings)}
            behind, done = found["ingest", events, 1], found["dispatch", batches, 0]
            assert (behind.committed, behind.end, behind.lag) == (2, 5, 3)
            assert behind.age_s is not None
            assert (found["ingest", events, 0].lag, found["ingest", events, 0].age_s is None) == (1, False)
            assert (done.committed, done.end, done.lag, done.age_s) == (1, 2, 0, None)
            never = found["sessions", settings.topic("sessions.in"), 0]
            assert (never.committed, never.lag) == (None, 0)

            await publish(settings, [job(1)])
            told = await asyncio.to_thread(capi, settings, tmp_path, "lag", "--warn", "2", code=1)
            assert told["above"] is True
            assert {queue["queue"] for queue in told["queues"]} >= {"meta_queue", "capi_parked"}
            told = await asyncio.to_thread(capi, settings, tmp_path, "lag", "--warn", "3")
            assert told["above"] is False


async def test_every_looks_again_until_ctrl_c_and_the_last_look_is_the_exit_status(tmp_path: Path) -> None:
    with rabbit_settings(tmp_path, partitions=2) as settings:
        events = settings.topic("events")
        async with topics_of(settings), producer_of(settings) as producer:
            await producer.send_and_wait(events, b"{}", partition=0)
            await commit(settings, f"{settings.namespace}-ingest", events, 0, 1)
            process = capi_started(settings, tmp_path, "lag", "--every", "0.2", "--warn", "1")
            try:

                def looks() -> list[dict[str, Any]]:
                    lines = (tmp_path / "capi.log").read_text().splitlines()
                    return [json.loads(line) for line in lines if line.endswith("}")]

                await eventually(lambda: looks(), 30)
                for _ in range(2):
                    await producer.send_and_wait(events, b"{}", partition=0)
                await eventually(lambda: looks()[-1]["above"], 30)
                process.send_signal(signal.SIGINT)
                assert await asyncio.to_thread(process.wait, 20) == 1
            finally:
                process.kill()
                process.wait()
    found = looks()
    assert [found[0]["above"], found[-1]["above"]] == [False, True]
    assert sum(row["lag"] for row in found[-1]["partitions"]) == 2


def test_without_kafka_it_says_what_to_do(tmp_path: Path) -> None:
    with rabbit_settings(tmp_path, kafka_url="kafka://127.0.0.1:9") as settings:
        capi(settings, tmp_path, "lag", code=1)
        assert "CAPI_KAFKA_URL" in (tmp_path / "capi.log").read_text()
