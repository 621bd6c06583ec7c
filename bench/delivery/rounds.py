"""Runs of one worker process: jobs are queued first, then it starts; the platform says when it was done."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from redis.asyncio import Redis

from bench.delivery.jobs import messages
from sinks.kafka_admin import kafka_admin
from sinks.rabbit import Publisher
from sinks.topology import EXCHANGE_EVENTS
from streams.settings import Settings
from streams.topics import topics

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("worker.py")
LIMIT_S = 120.0


class Run(NamedTuple):
    """From the first POST to the last answer; CPU and memory are the worker process's, from start to end."""

    events_per_s: float
    events_per_post: float
    cpu_us_per_event: float
    rss_mb: float


async def run_once(
    kind: str, settings: Settings, overrides: dict[str, Any], jobs: int, checkout: Path | None
) -> Run:
    """`checkout` is where the delivery code comes from."""
    publisher, run = Publisher(settings), secrets.token_hex(4)
    await publisher.publish(EXCHANGE_EVENTS, messages(run, jobs))
    await publisher.close()
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # its own folder must not stand before the checkout
        WORKER,
        kind,
        json.dumps(overrides),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(checkout or ROOT)},
        cwd=checkout or ROOT,
    )
    assert worker.stdin and worker.stdout  # noqa: S101
    try:
        async with asyncio.timeout(LIMIT_S), httpx.AsyncClient(base_url=settings.meta_url) as client:
            await client.post("/reset")
            await worker.stdout.readline()
            worker.stdin.write(b"go\n")
            found: dict[str, float] = {"events": 0}
            while found["events"] < jobs and worker.returncode is None:
                await asyncio.sleep(0.1)
                found = (await client.get("/totals")).json()
            worker.stdin.close()
            used = json.loads(await worker.stdout.readline())
            await worker.wait()
    finally:
        if worker.returncode is None:
            worker.kill()
    return Run(
        events_per_s=jobs / (found["last_s"] - found["first_s"]),
        events_per_post=jobs / found["posts"],
        cpu_us_per_event=used["cpu_s"] / jobs * 1e6,
        rss_mb=used["rss_mb"],
    )


@asynccontextmanager
async def playing(answer_s: float) -> AsyncIterator[str]:
    """The platform's address."""
    port = 20_000 + secrets.randbelow(9_000)
    url = f"http://127.0.0.1:{port}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.delivery.stand_in", str(port), str(answer_s), cwd=ROOT
    )
    try:
        await _until_it_answers(url)
        yield url
    finally:
        process.kill()
        await process.wait()


async def _until_it_answers(url: str) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(100):
            with suppress(httpx.HTTPError):
                await client.get(f"{url}/totals")
                return
            await asyncio.sleep(0.1)
    raise SystemExit("the bench's platform did not start")


@asynccontextmanager
async def forgotten(base: Settings, namespace: str) -> AsyncIterator[None]:
    """Topics and keys of the namespace go at the end."""
    try:
        yield
    finally:
        settings = base.model_copy(update={"namespace": namespace})
        async with kafka_admin(settings.kafka_servers, within_s=5) as client:
            await client.delete_topics([spec.name for spec in topics(settings)])
        redis = Redis.from_url(settings.redis_url)
        keys = [key async for key in redis.scan_iter(f"{settings.namespace}:*", count=5000)]
        for start in range(0, len(keys), 1000):
            await redis.unlink(*keys[start : start + 1000])
        await redis.aclose()
