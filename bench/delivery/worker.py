"""A worker in a process of its own, whose CPU and memory are its own too.

    python bench/delivery/worker.py WAY SETTINGS    # SETTINGS: JSON of what differs from the environment

Says `ready` when everything is imported, begins at a line on stdin, stops when stdin ends, and then prints what it
used. With another checkout first in PYTHONPATH it runs that one's delivery: see bench/deliver.py --against.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import aio_pika
import aiohttp

from sinks.deliver.service import run_delivery
from sinks.platforms.meta import Meta
from streams.events import decode_job
from streams.log import setup
from streams.settings import Settings, load_settings

QUEUE = "meta_queue"


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
            job = decode_job(message.body)
            request = rules.build([job], job.pixel_id, "")
            headers = request.headers | {request.token_header.name: request.token_header.prefix + token}
            async with session.post(request.url, data=request.body, headers=headers) as reply:
                await reply.read()
            await message.ack()

        await (await channel.get_queue(QUEUE)).consume(take)
        await stop.wait()


async def ours(settings: Settings, stop: asyncio.Event) -> None:
    await run_delivery(settings, (QUEUE,), stop)


WAYS = {"one_by_one": one_by_one, "ours": ours}


async def work(way: str, settings: Settings) -> None:
    stop = asyncio.Event()
    # as in `capi deliver`: the loop alone, no threads but this one that waits
    stopping = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    stopping.add_done_callback(lambda _: stop.set())
    await WAYS[way](settings, stop)


def used() -> tuple[float, int]:
    """Seconds of CPU so far, and the most memory, kB."""
    found = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/status").read_text()  # ru_maxrss would be that of the bench, which started this
    most = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return found.ru_utime + found.ru_stime, int(most.split()[1])


def main(way: str, overrides: dict[str, Any]) -> None:
    settings = load_settings(**overrides)
    setup(settings, "bench")
    with suppress(ImportError):  # an older checkout has none
        from sinks.deliver.heap import calm

        calm()
    print("ready", flush=True)
    sys.stdin.readline()
    before_s, _ = used()
    asyncio.run(work(way, settings))
    after_s, most_kb = used()
    print(json.dumps({"cpu_s": after_s - before_s, "rss_mb": most_kb / 1024}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
