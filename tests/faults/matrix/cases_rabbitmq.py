"""RabbitMQ dies, takes nothing, loses a queue, loses a queue's leader."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable

from sinks.rabbit_admin import RabbitAdmin, vhost_of
from sinks.topology import PLATFORMS, QUEUE_UNROUTED, work_queue
from tests.faults.matrix.arena import Arena
from tests.faults.matrix.case import case
from tests.faults.matrix.gate import gate
from tests.faults.matrix.means import ASK_S, BACK_S, channel_of, consumed, handed_over, made, verb, waiting
from tests.faults.matrix.services import rabbit_cluster
from tests.faults.plan import SHOPS
from tests.faults.rabbit import PrivateRabbit
from tests.faults.rabbit_cluster import RabbitCluster
from tests.kafka import eventually

ALARM_S = 8.0  # longer than a confirm is waited for
LAST_WORDS_S = 1.0  # what was on its way to RabbitMQ has arrived
GONE_S = 3.0
QUEUE, PLATFORM = work_queue(PLATFORMS[0]), PLATFORMS[0]
MANY, SLOW_S = 20, 2.0


async def back(arena: Arena) -> None:
    """RabbitMQ answers, and every worker consumes again."""
    await asyncio.to_thread(arena.rabbit.up)
    for platform in PLATFORMS:
        await consumed(arena, work_queue(platform))


@case("kill rabbitmq", "rabbitmq", "kill -9 of RabbitMQ, which comes back by itself", ci=True)
async def kill_rabbitmq(arena: Arena, rng: random.Random) -> None:
    assert arena.rabbit.kill()
    await back(arena)


@case("memory alarm", "rabbitmq", "RabbitMQ has no memory and takes nothing; the gateway says 503", foreign=True)
async def memory_alarm(arena: Arena, rng: random.Random) -> None:
    assert isinstance(arena.rabbit, PrivateRabbit)
    async with gate(arena, f"extra-g{rng.randrange(1_000_000)}") as gateway:
        await _alarm(arena, arena.rabbit.set_memory_alarm, gateway.refuses)
        await gateway.takes()


@case("disk alarm", "rabbitmq", "RabbitMQ's disk is full and it takes nothing")
async def disk_alarm(arena: Arena, rng: random.Random) -> None:
    assert isinstance(arena.rabbit, PrivateRabbit)
    await _alarm(arena, arena.rabbit.set_disk_alarm)


async def _nothing() -> None: ...


async def _alarm(
    arena: Arena, switch: Callable[[bool], None], meanwhile: Callable[[], Awaitable[None]] = _nothing
) -> None:
    """Dispatch commits nothing, and its batches pile up in Kafka."""
    await asyncio.to_thread(switch, True)
    try:
        await asyncio.sleep(LAST_WORDS_S)
        at_first = await handed_over(arena)
        await asyncio.gather(asyncio.sleep(ALARM_S), meanwhile())
        in_the_end = await handed_over(arena)
        behind = await made(arena) - in_the_end
    finally:
        await asyncio.to_thread(switch, False)
    assert in_the_end == at_first, f"{in_the_end - at_first} records were handed over under the alarm"
    assert behind > 0, "no batch waited for RabbitMQ: the alarm struck nobody"


@case(
    "queue deleted",
    "rabbitmq",
    "a work queue is deleted under its consumers; made anew, and capi replay fetches its jobs",
)
async def queue_deleted(arena: Arena, rng: random.Random) -> None:
    """As docs/operations.md says: `capi queues apply`, then `capi replay` for each tenant."""
    await arena.platforms.behave(mode="slow", seconds=SLOW_S, platform=PLATFORM)  # so that jobs pile up in it
    await eventually(lambda: _many(arena), BACK_S, every_s=0.2)
    async with channel_of(arena) as channel:
        await channel.queue_delete(QUEUE, timeout=ASK_S)
    await arena.platforms.behave(mode="ok", platform=PLATFORM)
    await eventually(lambda: _unrouted(arena), BACK_S, every_s=0.5)
    await asyncio.sleep(rng.uniform(0, GONE_S))
    await verb(arena, "queues", "apply")
    await consumed(arena, QUEUE)
    sent = [await _replay(arena, shop) for shop in SHOPS]
    async with channel_of(arena) as channel:
        unrouted = (await channel.queue_purge(QUEUE_UNROUTED, timeout=ASK_S)).message_count or 0
    arena.say(f"{unrouted} jobs found no queue; {sent} were replayed")
    assert sum(sent) > unrouted, "no job went with the queue"


async def _replay(arena: Arena, shop: str) -> int:
    told = await verb(arena, "replay", "--since", "10m", "--tenant", shop, "--per-second", "2000", "--json")
    sent: int = json.loads(told.splitlines()[-1])["sent"]
    return sent


async def _many(arena: Arena) -> bool:
    """Ready, or in the workers' hands: all of them go with the queue."""
    with RabbitAdmin(arena.settings) as admin:
        return sum((await asyncio.to_thread(admin.depths))[QUEUE]) >= MANY


async def _unrouted(arena: Arena) -> bool:
    return await waiting(arena, QUEUE_UNROUTED) > 0


@case(
    "cluster loses leader",
    "rabbitmq",
    "of three RabbitMQ nodes the one that leads the work queues is killed with kill -9",
    services=rabbit_cluster,
)
async def cluster_loses_leader(arena: Arena, rng: random.Random) -> None:
    assert isinstance(arena.rabbit, RabbitCluster)
    vhost = vhost_of(arena.settings.rabbitmq_url)
    leader = await asyncio.to_thread(arena.rabbit.leader, vhost, QUEUE)
    assert arena.rabbit.kill_node(leader)
    await asyncio.sleep(GONE_S)
    await back(arena)
