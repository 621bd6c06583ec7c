"""What a delivery's way from the socket to a callback costs: aio-pika, aiormq, and frames cut out of the stream.

    make up && .venv/bin/python -m bench.consume [--json]

Real RabbitMQ, a virtual host of its own, 800-byte persistent messages in one quorum queue, prefetch PREFETCH. Each
acknowledges as it would: one by one, the last of PART with all before it, ours a PART at once. The ways take
turns, medians of ROUNDS count; CPU is this process's own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aio_pika
from rich.console import Console
from rich.table import Table

from sinks.rabbit import Message, Publisher
from sinks.rabbit.acks import acknowledge
from sinks.rabbit.connection import Link
from sinks.rabbit.consumer import Consumer, Received
from sinks.rabbit_admin import RabbitAdmin
from sinks.topology import EXCHANGE_EVENTS, definitions
from streams.log import setup
from streams.settings import Settings, load_settings

QUEUE, BODY = "meta_queue", b"x" * 800
COUNT, PREFETCH, PART, ROUNDS = 10_000, 1000, 100, 5


async def with_aio_pika(settings: Settings) -> None:
    left, done = COUNT, asyncio.Event()

    async def take(message: Any) -> None:
        nonlocal left
        left -= 1
        await message.ack()
        if left == 0:
            done.set()

    async with await aio_pika.connect(settings.rabbitmq_url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        await (await channel.get_queue(QUEUE)).consume(take)
        await done.wait()


async def with_aiormq(settings: Settings) -> None:
    left, done = COUNT, asyncio.Event()
    link = Link(settings.rabbitmq_url, "bench aiormq")
    channel = await link.open(5, prefetch=PREFETCH)

    async def take(message: Any) -> None:
        nonlocal left
        left -= 1
        if left % PART == 0:
            await channel.basic_ack(message.delivery_tag, multiple=True, wait=False)
        if left == 0:
            done.set()

    await channel.basic_consume(QUEUE, take)
    await done.wait()
    await link.close()


async def ours(settings: Settings) -> None:
    left, stop, part = COUNT, asyncio.Event(), list[Received]()

    def take(received: Received) -> None:
        nonlocal left, part
        left -= 1
        part.append(received)
        if left % PART == 0:
            acking.create_task(acknowledge(part))
            part = []
        if left == 0:
            stop.set()

    consumer = Consumer(settings.model_copy(update={"prefetch": PREFETCH}), QUEUE, take)
    async with asyncio.TaskGroup() as acking:
        await consumer.run(stop)
    await consumer.close()


WAYS: dict[str, Callable[[Settings], Awaitable[None]]] = {
    "aio-pika": with_aio_pika,
    "aiormq": with_aiormq,
    "sinks.rabbit": ours,
}


async def measure(way: Callable[[Settings], Awaitable[None]], settings: Settings) -> tuple[float, float]:
    """Messages a second, and microseconds of this process's CPU a message."""
    publisher = Publisher(settings)
    made = [Message(routing_key="meta.view", message_id=f"m-{n}", body=BODY) for n in range(COUNT)]
    await publisher.publish(EXCHANGE_EVENTS, made)
    await publisher.close()
    started_s, cpu_s = time.perf_counter(), time.process_time()
    await way(settings)
    return COUNT / (time.perf_counter() - started_s), (time.process_time() - cpu_s) / COUNT * 1e6


async def main(as_json: bool) -> None:
    base = load_settings(log_level="error")
    setup(base, "bench")
    name = f"bench-{secrets.token_hex(4)}"
    settings = base.model_copy(update={"rabbitmq_url": f"{base.rabbitmq_url.rpartition('/')[0]}/{name}"})
    runs: dict[str, list[tuple[float, float]]] = {label: [] for label in WAYS}
    with RabbitAdmin(settings) as admin:
        admin.import_definitions(definitions(settings))
        try:
            for _ in range(ROUNDS):
                for label, way in WAYS.items():
                    runs[label].append(await measure(way, settings))
        finally:
            admin.delete_vhost()
    found = {
        label: [statistics.median(of) for of in zip(*measured, strict=True)] for label, measured in runs.items()
    }
    if as_json:
        print(json.dumps({label: {"messages_per_s": r, "cpu_us": c} for label, (r, c) in found.items()}, indent=2))
        return
    most = max(cpu_us for _, cpu_us in found.values())
    table = Table("way", "messages/s", "CPU us/message", "CPU ratio")
    for label, (rate, cpu_us) in found.items():
        table.add_row(label, f"{rate:,.0f}", f"{cpu_us:.0f}", f"{most / cpu_us:.1f}")
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    asyncio.run(main(parser.parse_args().json))
