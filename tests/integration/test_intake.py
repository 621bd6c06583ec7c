"""`capi intake` from a real Redis to a real Kafka: every item is one event or one reject."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from redis.asyncio import Redis

from agents.intake.service import run_intake
from streams.events import decode_event, decode_reject
from streams.settings import Settings
from tests.kafka import eventually, fresh_settings, provisioned, read_all
from tests.site import free_port
from tests.valve import valve
from tests.workers import environment, start

pytestmark = pytest.mark.stack

POISON = [
    b"",
    b"not JSON",
    b"[]",
    b'{"event_name":"\xff"}',
    b'{"event_name":"X"}',
    b'{"custom_data":' * 4_000,
    b"x" * 200_000,
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    tenants = tmp_path_factory.mktemp("intake") / "tenants.toml"
    tenants.write_text("[tenants.default]\n")
    made = fresh_settings(tenants=tenants, intake_port=free_port(), intake_queue=f"test:{secrets.token_hex(4)}")
    with provisioned(made):
        yield made


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    async with Redis.from_url(settings.redis_url) as client:
        yield client


def item(visit: int) -> str:
    """Without an id and a time: what only its ticket can tell apart."""
    mail = f"visitor-{visit}@example.com"
    return json.dumps({"event_name": "ViewContent", "session_id": f"v-{visit}", "user_data": {"em": mail}})


@asynccontextmanager
async def working(settings: Settings, number: int) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(run_intake(settings, stop)) for _ in range(number)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def event_ids(settings: Settings) -> list[str]:
    return [
        decode_event(record.value).event_id for record in await read_all(settings, settings.topic("sessions.in"))
    ]


async def test_workers_whose_connections_are_cut_take_each_item_once(settings: Settings, redis: Redis) -> None:
    before = len(await event_ids(settings))
    address = urlsplit(settings.redis_url)
    async with valve(address.port or 6379) as door:
        url = f"redis://127.0.0.1:{door.port}{address.path}"
        changed = {"intake_redis_url": url, "intake_items": 20, "intake_port": 0}
        async with working(settings.model_copy(update=changed), 3):
            for number in range(30):
                await redis.lpush(settings.intake_queue, *[item(number)] * 50)
                door.cut()
                await asyncio.sleep(0.02)
            await eventually(lambda: _empty(redis, settings))
    ids = (await event_ids(settings))[before:]
    assert len(set(ids)) == 1_500
    assert await redis.keys(f"{settings.intake_queue}*") == []


async def _empty(redis: Redis, settings: Settings) -> bool:
    return not await redis.llen(settings.intake_queue) and not await redis.keys(f"{settings.intake_queue}:taken:*")


async def test_poison_is_rejected_with_its_reason_and_sigterm_is_a_clean_end(
    settings: Settings, redis: Redis, tmp_path: Path
) -> None:
    before = len(await event_ids(settings))
    await redis.lpush(settings.intake_queue, *POISON, item(1), item(1))
    log = tmp_path / "intake.log"
    process = start(["agents.cli", "intake"], environment(settings, CAPI_LOG_LEVEL="debug"), log)
    try:
        await eventually(lambda: _empty(redis, settings))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.intake_port}") as client:
            health = await client.get("/healthz")
            metrics = (await client.get("/metrics")).text
        process.terminate()
        await eventually(lambda: process.poll() is not None, 20)
    finally:
        process.kill()
    assert process.returncode == 0, log.read_text()
    assert (health.status_code, health.json()["ok"]) == (200, True)
    assert "capi_intake_items_total 9.0" in metrics and "capi_intake_queue_items 0.0" in metrics
    rejects = [decode_reject(record.value) for record in await read_all(settings, settings.topic("rejects"))]
    assert sorted(reject.reason for reject in rejects) == [
        "is larger than 65536 bytes",
        "is missing",
        "is nested too deep",
        "is not JSON",
        "is not JSON",
        "is not UTF-8",
        "is not an object",
    ]
    assert {reject.topic.partition("/")[0] for reject in rejects} == {settings.intake_queue}
    assert len(await event_ids(settings)) == before + 2
    assert await redis.keys(f"{settings.intake_queue}*") == []
    assert "visitor-1" not in log.read_text()
