"""What the publisher's one write per run brings: aio-pika one by one, aio-pika pipelined, ours, in one run.

    make up && .venv/bin/python -m bench.publish

Real RabbitMQ at CAPI_RABBITMQ_URL, a virtual host of its own, 800-byte persistent messages with confirms into one
quorum queue. Absolute numbers depend on the machine; the ratios are the result.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable

import aio_pika
from rich.console import Console
from rich.table import Table

from sinks.rabbit import Message, Publisher
from sinks.rabbit_admin import RabbitAdmin
from sinks.topology import EXCHANGE_EVENTS, definitions
from streams.settings import Settings, load_settings

BODY = b"x" * 800
ONE_BY_ONE, PIPELINED, OURS = 1_000, 5_000, 20_000
IN_FLIGHT, RUN = 500, 1_000


async def one_by_one(settings: Settings) -> int:
    async with await aio_pika.connect(settings.rabbitmq_url) as connection:
        exchange = await (await connection.channel()).get_exchange(EXCHANGE_EVENTS)
        for _ in range(ONE_BY_ONE):
            await exchange.publish(_message(), "meta.view")
    return ONE_BY_ONE


async def pipelined(settings: Settings) -> int:
    async with await aio_pika.connect(settings.rabbitmq_url) as connection:
        exchange = await (await connection.channel()).get_exchange(EXCHANGE_EVENTS)
        for _ in range(PIPELINED // IN_FLIGHT):
            await asyncio.gather(*(exchange.publish(_message(), "meta.view") for _ in range(IN_FLIGHT)))
    return PIPELINED


async def ours(settings: Settings) -> int:
    publisher = Publisher(settings)
    await publisher.start()
    for run in range(OURS // RUN):
        batch = [
            Message(routing_key="meta.view", message_id=f"{run}-{n}", body=BODY, headers={"capi-attempt": 1})
            for n in range(RUN)
        ]
        await publisher.publish(EXCHANGE_EVENTS, batch)
    await publisher.close()
    return OURS


def _message() -> aio_pika.Message:
    return aio_pika.Message(
        BODY,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=secrets.token_hex(8),
        headers={"capi-attempt": 1},
    )


async def measure(way: Callable[[Settings], Awaitable[int]], settings: Settings) -> tuple[float, float]:
    """Messages per second, and microseconds of this process's CPU per message."""
    started_s, cpu_s = time.perf_counter(), time.process_time()
    count = await way(settings)
    return count / (time.perf_counter() - started_s), (time.process_time() - cpu_s) / count * 1e6


async def main() -> None:
    base = load_settings()
    name = f"bench-{secrets.token_hex(4)}"
    settings = base.model_copy(update={"rabbitmq_url": f"{base.rabbitmq_url.rpartition('/')[0]}/{name}"})
    table = Table("way", "messages/s", "CPU us/message", "ratio")
    ways = {
        "aio-pika, one by one": one_by_one,
        f"aio-pika, {IN_FLIGHT} in flight": pipelined,
        "sinks.rabbit": ours,
    }
    with RabbitAdmin(settings) as admin:
        admin.import_definitions(definitions(settings))
        try:
            found = {label: await measure(way, settings) for label, way in ways.items()}
        finally:
            admin.delete_vhost()
    slowest = min(rate for rate, _ in found.values())
    for label, (rate, cpu_us) in found.items():
        table.add_row(label, f"{rate:,.0f}", f"{cpu_us:.0f}", f"{rate / slowest:.1f}")
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
