"""The idempotency store on a real Redis: two workers that meet the same jobs."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from sinks.delivered import DeliveredJobs
from streams.settings import Settings, load_settings
from tests.rabbit import eventually

pytestmark = pytest.mark.stack


@pytest.fixture
async def settings() -> AsyncIterator[Settings]:
    made = load_settings(namespace=f"test-{secrets.token_hex(4)}")
    yield made
    redis = Redis.from_url(made.redis_url)
    if keys := await redis.keys(f"{made.namespace}:*"):
        await redis.delete(*keys)
    await redis.aclose()


async def test_one_worker_at_a_time_has_a_job_in_hand(settings: Settings) -> None:
    one, two = DeliveredJobs(settings), DeliveredJobs(settings)
    await one.beat()
    assert await one.claim(["a", "b", "c"]) == dict.fromkeys("abc", "ours")
    assert await one.claim(["a"]) == {"a": "ours"}, "its own mark is no obstacle"
    assert await two.claim(["a", "b", "c", "d"]) == {**dict.fromkeys("abc", "elsewhere"), "d": "ours"}
    await one.remember(["a"])
    await one.release(["b"])
    assert await two.claim(["a", "b", "c"]) == {"a": "delivered", "b": "ours", "c": "elsewhere"}
    await two.release(["c"])
    assert await two.claim(["c"]) == {"c": "elsewhere"}, "only who has it gives it away"
    await one.close()
    assert await two.claim(["c"]) == {"c": "ours"}, "a worker that ended leaves nothing in hand"
    await two.close()


async def test_what_a_dead_worker_had_in_hand_is_free_after_seconds(settings: Settings) -> None:
    dead, other = DeliveredJobs(settings), DeliveredJobs(settings)
    await dead.beat()
    await dead.claim(["a"])

    async def free() -> bool:
        return await other.claim(["a"]) == {"a": "ours"}

    assert not await free()
    await eventually(free, 10, "the dead worker's job is free")
    await other.close()
    await dead.close()


async def test_delivered_is_kept_for_its_time(settings: Settings) -> None:
    store = DeliveredJobs(settings)
    await store.claim(["a"])
    await store.remember(["a"])
    redis = Redis.from_url(settings.redis_url)
    assert 172_000 < await redis.ttl(f"{settings.namespace}:delivered:a") <= 172_800
    await redis.aclose()
    await store.close()
