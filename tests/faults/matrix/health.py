"""Is everything as it was before the fault? What is not, in words; a site that is well has nothing to say."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from time import monotonic
from typing import Any, NamedTuple

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from agents.roles import FAUST_ROLES
from sinks.rabbit.connection import CONNECTION_ERRORS, Link
from sinks.topology import PLATFORMS, rungs, work_queue
from tests.faults.matrix.arena import Arena

WITHIN_S, LOOK_S, ASK_S = 60.0, 0.5, 5.0
STATE, MEMBERS = 2, 5  # places in the description of a consumer group


async def well(arena: Arena, within_s: float = WITHIN_S) -> list[str]:
    """Waits until nothing is wrong; what is, when that takes too long."""
    deadline_s = monotonic() + within_s
    while wrong := [each async for each in unwell(arena)]:
        if arena.failed is not None or monotonic() > deadline_s:
            return wrong
        await asyncio.sleep(LOOK_S)
    return []


async def unwell(arena: Arena) -> AsyncIterator[str]:
    """What is not as it should be, the cheapest questions first; later ones need the earlier ones to be well."""
    for name, role in arena.wanted.items():
        if not role.running:
            yield f"{name} does not run (exits {role.exits})"
    if not await arena.platforms.answers():
        yield "the stand-in does not answer"
    for check in (_groups, _queues, _deliver, _doors):
        async for wrong in check(arena):
            yield wrong


class Group(NamedTuple):
    """`state` as Kafka names it: Stable, PreparingRebalance, CompletingRebalance, Empty, Dead."""

    state: str
    members: int


async def groups(arena: Arena, roles: Iterable[str] = FAUST_ROLES) -> dict[str, Group]:
    """Of each role's workers. Raises KafkaError."""
    settings = arena.settings
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_servers, request_timeout_ms=round(ASK_S * 1000))
    found: dict[str, Group] = {}
    try:
        await admin.start()
        for role in roles:
            for answer in await admin.describe_consumer_groups([f"{settings.namespace}-{role}"]):
                for group in answer.groups:
                    found[role] = Group(group[STATE], len(group[MEMBERS]))
    finally:
        await admin.close()
    return found


async def _groups(arena: Arena) -> AsyncIterator[str]:
    """Each group is stable, and every worker is in it."""
    workers = Counter(name.partition("-")[0] for name in arena.wanted)
    try:
        for role, group in (await groups(arena)).items():
            if group != ("Stable", workers[role]):
                yield f"group {role} is {group.state} with {group.members} of {workers[role]} members"
    except (KafkaError, OSError, TimeoutError) as error:
        yield f"Kafka does not answer ({type(error).__name__})"


async def _queues(arena: Arena) -> AsyncIterator[str]:
    """Nothing waits in RabbitMQ, and every work queue has its consumers."""
    link = Link(arena.settings.rabbitmq_url, "fault test")
    delivers = sum(name.startswith("deliver") for name in arena.wanted)
    moving = [*map(work_queue, PLATFORMS), *(rung.queue for rung in rungs(arena.settings))]
    try:
        channel = await link.open(ASK_S)
        for queue in moving:
            declared = await channel.queue_declare(queue, passive=True, timeout=ASK_S)
            if declared.message_count:
                yield f"{queue} holds {declared.message_count} jobs"
            if queue.endswith("_queue") and declared.consumer_count != delivers:
                yield f"{queue} has {declared.consumer_count} of {delivers} consumers"
    except CONNECTION_ERRORS as error:
        yield f"RabbitMQ does not answer ({type(error).__name__})"
    finally:
        await link.close()


async def _deliver(arena: Arena) -> AsyncIterator[str]:
    """Each delivery worker says that it is well, and has nothing in hand."""
    async with httpx.AsyncClient(timeout=ASK_S, trust_env=False) as client:
        for name in arena.wanted:
            if port := arena.own(name).get("CAPI_DELIVER_PORT"):
                told = await _asked(client, f"http://127.0.0.1:{port}/healthz")
                in_hand = sum(queue["in_hand"] for queue in told.get("queues", {}).values())
                if not told.get("ok") or in_hand:
                    yield f"{name} is not well, {in_hand} jobs in hand"


async def _doors(arena: Arena) -> AsyncIterator[str]:
    """The collector takes events, the intake has taken all."""
    async with httpx.AsyncClient(timeout=ASK_S, trust_env=False) as client:
        port = arena.own("collect")["CAPI_COLLECT_HEALTH_PORT"]
        try:
            ready = (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success
        except httpx.HTTPError:
            ready = False
        if not ready:
            yield "collect is not ready"
    redis = Redis.from_url(arena.settings.redis_url, socket_timeout=ASK_S)
    queue = arena.settings.intake_queue
    try:
        keys = [queue, f"{queue}:orphans", *(await redis.keys(f"{queue}:taken:*"))]
        if left := sum([int(await redis.llen(key)) for key in keys]):
            yield f"{left} items wait for the intake"
    except (RedisError, OSError) as error:
        yield f"Redis does not answer ({type(error).__name__})"
    finally:
        await redis.aclose()


async def _asked(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = (await client.get(url)).json()
    except (httpx.HTTPError, ValueError):
        return {}
    return found
