"""Events a second of one delivery worker against a platform that answers after 50 ms, next to one POST a job.

    make up && .venv/bin/python -m bench.deliver [--json]

Real RabbitMQ, Redis and Kafka; the platform is a process of its own that counts events and answers as Meta does.
The ways take turns, ROUNDS times; the median counts. Absolute numbers depend on the machine; ratios count.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import aio_pika
import aiohttp
import httpx
from aiohttp import web
from rich.console import Console
from rich.table import Table

from agents.provision import apply_topics
from sinks.deliver.service import run_delivery
from sinks.deliver.splitting import Splitting
from sinks.kafka_admin import kafka_admin
from sinks.platforms.contract import Delivered, Invalid
from sinks.platforms.meta import Meta
from sinks.rabbit import Message, Publisher
from sinks.rabbit_admin import RabbitAdmin
from sinks.topology import EXCHANGE_EVENTS, definitions
from streams.events import Event, Job, UserData, decode_job, encode
from streams.log import setup
from streams.settings import Settings, load_settings
from streams.topics import topics

ANSWER_S, ROUNDS = 0.05, 3
PIXEL = "1111111111"
TENANTS = f"""[tenants.default]
[[tenants.default.destinations]]
platform = "meta"
pixel_id = "{PIXEL}"
token = "env:BENCH_TOKEN"
"""
Way = Callable[[Settings, asyncio.Event], Awaitable[None]]


def platform(port: int) -> None:
    """The process that plays Meta."""
    found: dict[str, float] = {"posts": 0, "events": 0, "first_s": 0, "last_s": 0}

    async def events(request: web.Request) -> web.Response:
        count = (await request.read()).count(b'"event_time":')
        await asyncio.sleep(ANSWER_S)
        now_s = time.perf_counter()
        found["posts"] += 1
        found["events"] += count
        found["first_s"], found["last_s"] = found["first_s"] or now_s - ANSWER_S, now_s
        return web.json_response({"events_received": count, "messages": [], "fbtrace_id": "bench"})

    async def totals(_: web.Request) -> web.Response:
        return web.json_response(found)

    async def reset(_: web.Request) -> web.Response:
        found.update(dict.fromkeys(found, 0))
        return web.json_response({})

    app = web.Application(client_max_size=64 << 20)
    app.add_routes(
        [web.post("/{version}/{pixel}/events", events), web.get("/totals", totals), web.post("/reset", reset)]
    )
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


def job(number: str) -> Job:
    event = Event(
        event_id=f"bench-{number}",
        event_name="ViewContent",
        event_time_ms=int(time.time() * 1000),
        tenant="default",
        session_id="s",
        event_source_url="https://shop.example.com/shoes",
        user=UserData(
            em=("0" * 64,), external_id=("1" * 64,), client_ip="192.0.2.7", client_user_agent="Mozilla/5.0"
        ),
        custom_data={"value": 12.5, "currency": "USD", "content_ids": ["12", "13"]},
    )
    return Job(platform="meta", pixel_id=PIXEL, event_name="ViewContent", batch_id="b", event=event)


async def one_by_one(settings: Settings, stop: asyncio.Event) -> None:
    """A worker without batches: take a job, POST it, ack it; as many at once as the prefetch allows."""
    rules, token = Meta.from_settings(settings), os.environ["BENCH_TOKEN"]
    async with (
        await aio_pika.connect(settings.rabbitmq_url) as connection,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=settings.prefetch)

        async def take(message: Any) -> None:
            request = rules.build([decode_job(message.body)], PIXEL, "")
            headers = request.headers | {request.token_header.name: request.token_header.prefix + token}
            async with session.post(request.url, data=request.body, headers=headers) as reply:
                await reply.read()
            await message.ack()

        await (await channel.get_queue("meta_queue")).consume(take)
        await stop.wait()


async def ours(settings: Settings, stop: asyncio.Event) -> None:
    await run_delivery(settings, ("meta_queue",), stop)


async def measure(way: Way, settings: Settings, jobs: int) -> dict[str, float]:
    """Events a second from the first POST to the last answer, events a POST, and CPU of this process an event."""
    publisher, run = Publisher(settings), secrets.token_hex(4)
    made = [encode(job(f"{run}-{n}")) for n in range(jobs)]
    messages = [Message(routing_key="meta.view", message_id=f"{run}-{n}", body=b) for n, b in enumerate(made)]
    await publisher.publish(EXCHANGE_EVENTS, messages)
    await publisher.close()
    stop = asyncio.Event()
    async with httpx.AsyncClient(base_url=settings.meta_url) as client:
        await client.post("/reset")
        cpu_s = time.process_time()
        running = asyncio.ensure_future(way(settings, stop))
        found: dict[str, float] = {"events": 0}
        while found["events"] < jobs and not running.done():
            await asyncio.sleep(0.1)
            found = (await client.get("/totals")).json()
        cpu_s = time.process_time() - cpu_s
        stop.set()
        await running
    return {
        "events_per_s": jobs / (found["last_s"] - found["first_s"]),
        "events_per_post": jobs / found["posts"],
        "cpu_us_per_event": cpu_s / jobs * 1e6,
    }


def posts_for(bad: int, size: int, named: bool) -> dict[str, int]:
    """POSTs that `bad` refused events in a batch of `size` cost, and how many then go alone."""
    culprits = {n * size // bad for n in range(bad)}
    splitting, posts = Splitting(list(range(size))), 0
    while part := splitting.next_part():
        posts += 1
        found = [index for index, item in enumerate(part) if item in culprits]
        splitting.settle(part, Invalid(found[0] if named else None, "") if found else Delivered(len(part)))
    return {"posts": posts, "later_alone": len(splitting.unknown())}


async def main(as_json: bool) -> None:
    base, name = load_settings(log_level="error"), f"bench-{secrets.token_hex(4)}"
    setup(base, "bench")
    os.environ["BENCH_TOKEN"] = secrets.token_hex(8)
    folder = Path(tempfile.mkdtemp())
    (folder / "tenants.toml").write_text(TENANTS)
    port = 20_000 + secrets.randbelow(9_000)
    url = f"{base.rabbitmq_url.rpartition('/')[0]}/{name}"
    own = {"rabbitmq_url": url, "namespace": name, "tenants": folder / "tenants.toml", "deliver_port": 0}
    settings = base.model_copy(update=own | {"meta_url": f"http://127.0.0.1:{port}"})
    best = {"prefetch": 4000, "post_events": 500, "posts_in_flight": 6}
    ways: dict[str, tuple[Way, Settings, int]] = {
        "one POST a job, prefetch 100": (one_by_one, settings, 2_000),
        "capi deliver, prefetch 100, defaults": (ours, settings, 8_000),
        "capi deliver, " + ", ".join(f"{k} {v}" for k, v in best.items()): (
            ours,
            settings.model_copy(update=best),
            40_000,
        ),
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.deliver", "--platform", str(port))
    rounds: dict[str, list[dict[str, float]]] = {label: [] for label in ways}
    try:
        await _until_it_answers(settings.meta_url)
        await apply_topics(settings)
        with RabbitAdmin(settings) as admin:
            admin.import_definitions(definitions(settings))
            try:
                for _ in range(ROUNDS):
                    for label, (way, its_settings, jobs) in ways.items():
                        rounds[label].append(await measure(way, its_settings, jobs))
            finally:
                admin.delete_vhost()
    finally:
        process.kill()
        await process.wait()
        await _forget(settings)
    found = {
        label: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for label, runs in rounds.items()
    }
    refused = {
        f"{bad} bad in {size}, {'named' if named else 'not named'}": posts_for(bad, size, named)
        for size in (50, 1000)
        for bad in (1, 2, 5)
        for named in (True, False)
    }
    _show(found, refused, as_json)


async def _until_it_answers(url: str) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(100):
            with suppress(httpx.HTTPError):
                await client.get(f"{url}/totals")
                return
            await asyncio.sleep(0.1)
    raise SystemExit("the bench's platform did not start")


async def _forget(settings: Settings) -> None:
    from redis.asyncio import Redis

    async with kafka_admin(settings.kafka_servers, within_s=5) as client:
        await client.delete_topics([spec.name for spec in topics(settings)])
    redis = Redis.from_url(settings.redis_url)
    async for key in redis.scan_iter(f"{settings.namespace}:*", count=5000):
        await redis.unlink(key)
    await redis.aclose()


def _show(found: dict[str, dict[str, float]], refused: dict[str, dict[str, int]], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"ways": found, "refused": refused}, indent=2))
        return
    slowest = min(row["events_per_s"] for row in found.values())
    table = Table("way", "events/s", "ratio", "events/POST", "CPU us/event")
    for label, row in found.items():
        table.add_row(
            label,
            f"{row['events_per_s']:,.0f}",
            f"{row['events_per_s'] / slowest:.1f}",
            f"{row['events_per_post']:.0f}",
            f"{row['cpu_us_per_event']:.0f}",
        )
    Console().print(table)
    table = Table("refused events", "POSTs", "then one by one")
    for label, counts in refused.items():
        table.add_row(label, str(counts["posts"]), str(counts["later_alone"]))
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--platform", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.platform:
        platform(given.platform)
    else:
        asyncio.run(main(given.json))
