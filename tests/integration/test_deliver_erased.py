"""Delivery that starts while Kafka is away does not know who was erased: it waits, and says so."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from agents.platforms import Platforms
from sinks.topology import work_queue
from streams.events import Erased, UserData, encode
from streams.settings import Settings
from streams.tombstones import mark_of
from tests.integration.test_deliver import EM, job, publish, taken
from tests.kafka import producer_of, topics_of
from tests.rabbit import eventually, ready
from tests.site import free_port
from tests.valve import Valve
from tests.workers import environment, start

pytestmark = pytest.mark.stack

OTHER = sha256(b"bob@example.com").hexdigest()


async def health(port: int) -> dict[str, Any]:
    """Empty while the worker starts."""
    try:
        async with httpx.AsyncClient() as client:
            found: dict[str, Any] = (await client.get(f"http://127.0.0.1:{port}/healthz")).json()
    except httpx.TransportError:
        return {}
    return found


async def test_it_takes_no_job_before_it_knows_whom_to_forget(
    settings: Settings, platforms: Platforms, tmp_path: Path
) -> None:
    log, kafka, port = tmp_path / "deliver.log", free_port(), free_port()
    env = environment(
        settings.model_copy(update={"deliver_port": port, "kafka_url": f"kafka://127.0.0.1:{kafka}"}),
        TEST_TOKEN="secret-of-the-test",
    )
    other = job(2, user=UserData(em=(OTHER,), client_ip="192.0.2.7", client_user_agent="Mozilla/5.0"))
    async with topics_of(settings):
        await publish(settings, [msgspec.structs.replace(job(1), left_ms=job(1).event.event_time_ms), other])
        async with producer_of(settings) as producer:
            erased = Erased(tenant="default", mark=mark_of("default", EM))
            await producer.send_and_wait(settings.topic("erased"), encode(erased))
        process = start(["agents.cli", "deliver"], env, log)
        try:

            async def waiting() -> bool:
                told = await health(port)
                return (
                    told.get("erased_known") is False
                    and "nothing is sent: Kafka has to say who was erased" in log.read_text()
                )

            await eventually(waiting, 40, "it waits and says so")
            assert (await health(port))["ok"] is False
            assert await ready(settings, work_queue("meta")) == 2
            assert taken(platforms) == {}

            back = Valve(9092)
            server = await asyncio.start_server(back.serve, "127.0.0.1", kafka)

            async def done() -> bool:
                return bool(taken(platforms)) and await ready(settings, work_queue("meta")) == 0

            await eventually(done, 40, "the job of somebody else is delivered")
            process.terminate()
            process.wait(15)
            server.close()
        finally:
            process.kill()
            process.wait()
    assert taken(platforms) == {"meta:e-2": 1}, log.read_text()
    assert "it is known who was erased" in log.read_text()


async def test_a_worker_that_waits_for_kafka_can_be_stopped(settings: Settings, tmp_path: Path) -> None:
    log, port = tmp_path / "deliver.log", free_port()
    away = settings.model_copy(update={"deliver_port": port, "kafka_url": f"kafka://127.0.0.1:{free_port()}"})
    process = start(["agents.cli", "deliver"], environment(away, TEST_TOKEN="secret-of-the-test"), log)
    try:

        async def waiting() -> bool:
            return (await health(port)).get("erased_known") is False

        await eventually(waiting, 40, "it waits")
        process.terminate()
        assert process.wait(15) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()
