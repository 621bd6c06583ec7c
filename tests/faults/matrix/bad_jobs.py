"""Messages that nobody should have published, in every queue."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from aiormq.abc import AbstractChannel
from pamqp.commands import Basic

from sinks.topology import (
    EXCHANGE_DEAD,
    EXCHANGE_RETRY,
    PLATFORMS,
    QUEUE_PARKED,
    QUEUE_UNROUTED,
    rungs,
    work_queue,
)
from streams.events import Job, encode
from tests.contract.jobs import job
from tests.faults.matrix.arena import Arena
from tests.faults.matrix.bad import bad_records
from tests.faults.matrix.means import channel_of, verb, waiting
from tests.faults.plan import SHOPS
from tests.faults.verdict import pixel_of
from tests.kafka import eventually

PARKED_S = 60.0
SHOP = SHOPS[0]
ODD_HEADERS: tuple[Mapping[str, Any], ...] = (
    {},
    {"capi-attempt": "first", "capi-first-seen": [1, 2], "capi-company": {"of": "three"}},
    {"capi-attempt": -5, "capi-first-seen": -(2**40), "capi-company": -1},
    {"capi-attempt": True, "x-delivery-count": "many", "x-death": "never"},
    {f"extra-{number}": "x" * 500 for number in range(150)},
)


class Message(NamedTuple):
    body: bytes
    headers: Mapping[str, Any] = {}


async def jobs_are_parked(arena: Arena, rng: random.Random) -> None:
    """Puts them in, waits until each is where people find it, and clears up. Raises AssertionError."""
    async with channel_of(arena) as channel:
        before = await waiting(arena, QUEUE_PARKED)
        lost = await waiting(arena, QUEUE_UNROUTED)
        parked = await _put(channel, arena, rng)
        jobs = await _put_odd(channel)
        await eventually(lambda: _holds(arena, QUEUE_PARKED, before + parked), PARKED_S, every_s=0.5)
        await eventually(lambda: _landed(arena, jobs), PARKED_S, every_s=0.5)
        assert await waiting(arena, QUEUE_UNROUTED) == lost, "a message had no way"
        told = await verb(arena, "dead", "ls", "--json")
        assert "unreadable" in told, "capi dead does not say what is no job"
        await channel.queue_purge(QUEUE_PARKED)


async def _put(channel: AbstractChannel, arena: Arena, rng: random.Random) -> int:
    """Into each work queue, on each rung, and parked; how many in all."""
    number = 0
    for platform in PLATFORMS:
        for message in _messages(rng):
            await _publish(channel, "", work_queue(platform), message)
            number += 1
    for rung in rungs(arena.settings):
        for message in _messages(rng):
            own = Message(message.body, {**message.headers, **rung.headers})
            await _publish(channel, EXCHANGE_RETRY, f"{rng.choice(PLATFORMS)}.purchase", own)
            number += 1
    for message in _messages(rng):
        await _publish(channel, EXCHANGE_DEAD, "extra", message)
        number += 1
    return number


async def _put_odd(channel: AbstractChannel) -> set[str]:
    """Jobs with headers that delivery never wrote; the ids of their events."""
    now_ms, ids = time.time_ns() // 1_000_000, set[str]()
    for number, headers in enumerate(ODD_HEADERS):
        event_id = f"extra-odd-{now_ms}-{number}"
        odd = job(event_id=event_id, tenant=SHOP, session_id=event_id, event_time_ms=now_ms)
        body = encode(_to(odd))
        await _publish(channel, "", work_queue(PLATFORMS[0]), Message(body, headers))
        ids.add(event_id)
    return ids


def _to(odd: Job) -> Job:
    """Addressed to the shop's own pixel."""
    return msgspec.structs.replace(odd, pixel_id=pixel_of(odd.platform, SHOP))


def _messages(rng: random.Random) -> Iterator[Message]:
    for bad in bad_records(rng):
        yield Message(bad.value or b"", {name: f"{number}" for number, (name, _) in enumerate(bad.headers)})


async def _publish(channel: AbstractChannel, exchange: str, key: str, message: Message) -> None:
    properties = Basic.Properties(headers=dict(message.headers), delivery_mode=2)
    await channel.basic_publish(
        message.body, exchange=exchange, routing_key=key, properties=properties, mandatory=True, timeout=30
    )


async def _holds(arena: Arena, queue: str, number: int) -> bool:
    return await waiting(arena, queue) >= number


async def _landed(arena: Arena, event_ids: set[str]) -> bool:
    landed, _ = await arena.platforms.ledger()
    return event_ids <= {line.event_id for line in landed}
