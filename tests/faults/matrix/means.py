"""What several cases do and look at: the command line, queues, how far dispatch is, the platforms' answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from aiormq.abc import AbstractChannel

from sinks.rabbit.connection import Link
from tests.faults.matrix.arena import Arena
from tests.faults.roles import capi, run_once
from tests.kafka import committed_offsets, eventually, reader_of

ASK_S, VERB_S, BACK_S = 10.0, 90.0, 60.0


async def verb(arena: Arena, *words: str) -> str:
    """What `capi …` prints. Raises RoleError when its exit status is not 0."""
    return await asyncio.to_thread(run_once, capi(*words), arena.env, VERB_S)


@asynccontextmanager
async def channel_of(arena: Arena) -> AsyncIterator[AbstractChannel]:
    """To RabbitMQ, past the wire."""
    link = Link(arena.settings.rabbitmq_url, "fault matrix")
    try:
        yield await link.open(ASK_S)
    finally:
        await link.close()


async def waiting(arena: Arena, queue: str) -> int:
    """Messages ready in it."""
    async with channel_of(arena) as channel:
        return (await channel.queue_declare(queue, passive=True, timeout=ASK_S)).message_count or 0


async def consumed(arena: Arena, queue: str) -> None:
    """Wait until every delivery worker consumes it."""
    workers = sum(name.startswith("deliver") for name in arena.wanted)

    async def by_all() -> bool:
        async with channel_of(arena) as channel:
            declared = await channel.queue_declare(queue, passive=True, timeout=ASK_S)
        return declared.consumer_count == workers

    await eventually(by_all, BACK_S, every_s=0.5)


async def handed_over(arena: Arena) -> int:
    """Offsets of `batches` that dispatch has committed, added up."""
    settings = arena.settings
    found = await committed_offsets(settings, f"{settings.namespace}-dispatch", settings.topic("batches"))
    return sum(offset or 0 for offset in found.values())


async def made(arena: Arena) -> int:
    """Where the log of `batches` ends, added up."""
    async with reader_of(arena.settings, arena.settings.topic("batches")) as reader:
        return sum((await reader.end_offsets(list(reader.assignment()))).values())


async def answers(arena: Arena, kind: str) -> int:
    """How often the stand-in answered so since the run began: `429`, `hang`, `as ordered`; a part of its words."""
    async with httpx.AsyncClient(timeout=ASK_S, trust_env=False) as client:
        totals = (await client.get(f"{arena.platforms.url}/totals")).raise_for_status().json()
    return sum(count for words, count in totals["answers"].items() if kind in words)


async def answered(arena: Arena, kind: str, times: int) -> None:
    """Wait until it has done so."""

    async def often() -> bool:
        return await answers(arena, kind) >= times

    await eventually(often, BACK_S, every_s=0.3)
