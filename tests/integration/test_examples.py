"""Each example of docs/examples runs as it is, and what it sends is taken whole."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from agents.collect.parts import all_parts
from agents.collect.service import run_collect
from agents.intake.queue import TakenQueue
from streams.door import Admitted, Origin, admit
from streams.events import Event, decode_event
from streams.settings import Settings
from tests.kafka import eventually, fresh_settings, provisioned, read_all, read_until
from tests.site import free_port

pytestmark = pytest.mark.stack

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSBleGFtcGxlcyB0ZXN0cyE="
TENANTS = """
[tenants.default]
[[tenants.default.keys]]
kind = "secret"
id = "sk_server"
secrets = ["env:TEST_EXAMPLES_SECRET"]
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    tenants = tmp_path_factory.mktemp("examples") / "tenants.toml"
    tenants.write_text(TENANTS)
    made = fresh_settings(
        tenants=tenants,
        collect_port=free_port(),
        collect_health_port=0,
        intake_queue=f"test:{secrets.token_hex(4)}",
    )
    with provisioned(made):
        yield made


async def run(name: str, **env: str) -> str:
    """What the example prints; it must end well."""
    command = [sys.executable if name.endswith(".py") else "sh", str(EXAMPLES / name)]

    def run_it() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=os.environ | env, capture_output=True, text=True, timeout=60)

    done = await asyncio.to_thread(run_it)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def events_of(values: Sequence[bytes], settings: Settings) -> list[Event]:
    """Through the door, with nothing left out."""
    answers = [admit(value, settings.tenant_map, Origin("t", 0, n, 0)) for n, value in enumerate(values)]
    assert all(isinstance(answer, Admitted) and not answer.dropped for answer in answers), answers
    return [answer.event for answer in answers if isinstance(answer, Admitted)]


async def test_kafka(settings: Settings) -> None:
    said = await run("kafka_producer.py", KAFKA=settings.kafka_servers[0], TOPIC=settings.topic("events"))
    records = await read_all(settings, settings.topic("events"))
    events = events_of([record.value for record in records], settings)
    assert said.startswith("3 events")
    assert [event.event_name for event in events] == ["PageView", "ViewContent", "Purchase"]
    assert {record.key.decode() for record in records} == {events[0].session_id}
    assert events[2].user.em and events[2].custom_data


async def test_redis(settings: Settings) -> None:
    said = await run("redis_push.py", REDIS=settings.redis_url, QUEUE=settings.intake_queue)
    queue = TakenQueue(settings)
    try:
        batch = await queue.take(b"")
        [event] = events_of([entry.item for entry in batch.entries], settings)
        await queue.take(batch.ticket)
        await queue.leave(b"")
        async with Redis.from_url(settings.redis_url) as redis:
            assert await redis.keys(f"{settings.intake_queue}*") == []
    finally:
        await queue.close()
    assert said == f"1 wait in {settings.intake_queue}\n"
    assert event.event_name == "AddToCart"


@asynccontextmanager
async def collecting(settings: Settings) -> AsyncIterator[str]:
    """The address of a collector that can write."""
    stop, parts = asyncio.Event(), all_parts(settings)
    server = asyncio.create_task(run_collect(settings, parts, stop))
    try:
        await eventually(lambda: server.done() or not any(part.why_not() for part in parts))
        yield f"http://127.0.0.1:{settings.collect_port}"
    finally:
        stop.set()
        await server


@pytest.mark.parametrize(
    ("name", "names"), [("http_signed.py", ["AddToCart", "Lead"]), ("http_signed.sh", ["Lead"])]
)
async def test_http(settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, names: list[str]) -> None:
    monkeypatch.setenv("TEST_EXAMPLES_SECRET", SECRET)
    async with collecting(settings) as address:
        answer = json.loads(await run(name, COLLECT=address, KEY="sk_server", SECRET=SECRET))
    ids = [one["event_id"] for one in answer["events"]]
    records = await read_until(
        settings,
        settings.topic("sessions.in"),
        lambda found: set(ids) <= {decode_event(record.value).event_id for record in found},
    )
    written = {event.event_id: event for event in (decode_event(record.value) for record in records)}
    assert [written[ident].event_name for ident in ids] == names
    assert written[ids[-1]].user.em
    assert not [record for record in records if b"ada@example.com" in record.value]
