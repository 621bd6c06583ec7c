"""Redis refuses, keeps silent, is full, forgets: the mirror, what was delivered, and the door's list are there."""

from __future__ import annotations

import asyncio
import random
from time import monotonic

from tests.faults.matrix.arena import Arena
from tests.faults.matrix.case import case

DEAD_S, FROZEN_S, FULL_S = 6.0, 10.0, 8.0
AGAIN_S = 0.2


@case("kill redis", "redis", f"kill -9 of Redis as soon as it is back, for {DEAD_S:.0f} s: it refuses", ci=True)
async def kill_redis(arena: Arena, rng: random.Random) -> None:
    until_s, kills = monotonic() + DEAD_S, 0
    while monotonic() < until_s:
        kills += arena.redis.kill()
        await asyncio.sleep(AGAIN_S)
    await asyncio.to_thread(arena.redis.up)
    assert kills


@case("redis frozen", "redis", f"Redis is stopped for {FROZEN_S:.0f} s: it takes connections and answers nothing")
async def redis_frozen(arena: Arena, rng: random.Random) -> None:
    arena.redis.freeze(True)
    try:
        await asyncio.sleep(FROZEN_S)
    finally:
        arena.redis.freeze(False)


@case(
    "redis full",
    "redis",
    f"Redis has no memory for {FULL_S:.0f} s and evicts nothing: it refuses what it would keep",
)
async def redis_full(arena: Arena, rng: random.Random) -> None:
    await asyncio.to_thread(arena.redis.fill, True)
    try:
        await asyncio.sleep(FULL_S)
    finally:
        await asyncio.to_thread(arena.redis.fill, False)


@case(
    "redis flushed",
    "redis",
    "every key but the door's list is deleted: what was delivered is forgotten, the mirror is drawn anew",
    duplicates="in flight",
)
async def redis_flushed(arena: Arena, rng: random.Random) -> None:
    gone = await asyncio.to_thread(arena.redis.forget, arena.settings.intake_queue)
    arena.say(f"{gone} keys are gone")
    assert gone
