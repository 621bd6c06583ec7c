"""What nobody should have written is in every topic and every queue: no role dies of it, and nothing is silent."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from streams.topics import TABLES, changelog_topic
from tests.faults.matrix.arena import Arena
from tests.faults.matrix.bad import Bad, Rejected, bad_records, put, shown_by_the_ledger
from tests.faults.matrix.bad_jobs import jobs_are_parked
from tests.faults.matrix.case import case
from tests.faults.matrix.services import Services, plain
from tests.faults.matrix.state import some_keys
from tests.kafka import eventually

TOPICS = ("events", "sessions.in", "visitors.in", "batches", "outcomes", "ledger.in")
OWNERS = ("sessions-1", "sessions-2", "visitors", "ledger")
ITEMS_S = 30.0


@asynccontextmanager
async def nobody_dies(arena: Arena) -> AsyncIterator[None]:
    """Within the block. Raises AssertionError."""
    before = {name: len(role.exits) for name, role in arena.roles.items()}
    yield
    dead = {name: role.exits[before[name] :] for name, role in arena.roles.items() if name in before}
    assert not any(dead.values()), f"roles ended: { {name: exits for name, exits in dead.items() if exits} }"


@case(
    "corrupt records",
    "input",
    "noise, wrong types, 900 kB, no key, no value, huge headers in every topic: each is rejected with its reason",
    foreign=True,
)
async def corrupt_records(arena: Arena, rng: random.Random) -> None:
    rejected = Rejected(arena)
    await rejected.start()
    async with nobody_dies(arena):
        places = set()
        for topic in TOPICS:
            places |= await put(arena, arena.settings.topic(topic), [*bad_records(rng)], rng)
        await rejected.said_of(places)
        await put(arena, arena.settings.topic("erased"), [*bad_records(rng)], rng)
        await shown_by_the_ledger(
            arena, await put(arena, arena.settings.topic("rejects"), [*bad_records(rng)], rng)
        )


@case(
    "corrupt items",
    "input",
    "the same in the Redis list that apps push to: each is rejected with its reason",
    foreign=True,
)
async def corrupt_items(arena: Arena, rng: random.Random) -> None:
    settings, rejected = arena.settings, Rejected(arena)
    await rejected.start()
    redis = Redis.from_url(settings.redis_url)
    try:
        async with nobody_dies(arena):
            items = [bad.value or b"" for bad in bad_records(rng)]
            await redis.lpush(settings.intake_queue, *items)

            async def all_said() -> bool:
                await rejected.said_of(set())
                return sum(place[0].startswith(settings.intake_queue) for place in rejected.places) == len(items)

            await eventually(all_said, ITEMS_S, every_s=0.5)
    finally:
        await redis.aclose()


@case(
    "corrupt jobs",
    "input",
    "the same in the work queues, on the rungs and parked: each is parked with its reason; odd headers do no harm",
    foreign=True,
)
async def corrupt_jobs(arena: Arena, rng: random.Random) -> None:
    async with nobody_dies(arena):
        await jobs_are_parked(arena, rng)


def alone(folder: Path) -> Services:
    """An arena for one case: what it puts into changelogs is rejected at each take-over until it is compacted."""
    return plain(folder)


@case(
    "corrupt state",
    "input",
    "the same in the tables' changelogs, then kill -9 of the owners: the state before counts, each is rejected",
    duplicates="none",
    foreign=True,
    services=alone,
)
async def corrupt_state(arena: Arena, rng: random.Random) -> None:
    rejected = Rejected(arena)
    await rejected.start()
    places = set()
    for role in TABLES:
        topic = changelog_topic(arena.settings, role)
        keys = await some_keys(arena.settings, topic)
        bad = [one for one in bad_records(rng) if one.key is not None and one.value is not None]
        places |= await put(arena, topic, bad, rng)
        for key, partition in keys:
            known = rng.choice(bad)
            places |= await put(arena, topic, [Bad(known.what, known.value, key)], rng, partition)
    for name in OWNERS:
        assert arena.roles[name].kill()
    await rejected.said_of(places)
    await asyncio.gather(*(_runs(arena, name) for name in OWNERS))


async def _runs(arena: Arena, name: str) -> None:
    await eventually(lambda: arena.roles[name].running, ITEMS_S)
