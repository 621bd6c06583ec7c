"""The operator's switch on a real Redis, behind a valve that can be shut."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from sinks.lane_switch import BREAK_S, LOOK_S, LaneSwitch, Pause, SwitchError
from streams.settings import Settings, load_settings
from tests.valve import Valve, valve

pytestmark = pytest.mark.stack

META, TIKTOK = ("meta", "1111111111"), ("tiktok", "CTESTPIXEL")
BY_ANN = Pause(who="ann", since_ms=1_795_500_000_000, why="price list is wrong")


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@asynccontextmanager
async def switched(clock: Clock) -> AsyncIterator[tuple[LaneSwitch, LaneSwitch, Valve, Settings]]:
    """A worker's switch behind a valve, and the operator's."""
    settings = load_settings(namespace=f"test-{secrets.token_hex(4)}")
    async with valve(6379) as gate:
        behind = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{gate.port}/0"})
        worker, operator = LaneSwitch(behind, clock), LaneSwitch(settings)
        yield worker, operator, gate, settings
        await worker.close()
        await operator.close()
    redis = Redis.from_url(settings.redis_url)
    await redis.delete(f"{settings.namespace}:paused")
    await redis.aclose()


async def test_a_pause_is_seen_by_workers_a_second_later_and_ends_when_resumed() -> None:
    clock = Clock()
    async with switched(clock) as (worker, operator, _, _):
        assert await worker.paused() == frozenset()
        assert await operator.pause(META, BY_ANN)
        assert await worker.paused() == frozenset()  # the answer from before still counts
        clock.now_s += LOOK_S
        assert await worker.paused() == {META}
        assert await operator.pauses() == {META: BY_ANN}
        assert await operator.resume(META)
        clock.now_s += LOOK_S
        assert await worker.paused() == frozenset()


async def test_the_first_pause_stays_and_the_second_resume_says_so() -> None:
    async with switched(Clock()) as (_, operator, _, _):
        assert await operator.pause(TIKTOK, BY_ANN)
        assert not await operator.pause(TIKTOK, Pause(who="bob", since_ms=1))
        assert await operator.pauses() == {TIKTOK: BY_ANN}
        assert await operator.resume(TIKTOK)
        assert not await operator.resume(TIKTOK)


async def test_a_reason_is_kept_without_the_address_in_it() -> None:
    async with switched(Clock()) as (_, operator, _, _):
        assert await operator.pause(META, Pause(who="bob", since_ms=1, why="ada@example.com asked"))
        assert (await operator.pauses())[META].why == "*** asked"


async def test_the_last_answer_counts_while_redis_is_away() -> None:
    clock = Clock()
    async with switched(clock) as (worker, operator, gate, _):
        await operator.pause(META, BY_ANN)
        assert await worker.paused() == {META}
        gate.open.clear()
        clock.now_s += LOOK_S
        assert await worker.paused() == {META}
        with pytest.raises(SwitchError, match="CAPI_REDIS_URL"):
            await worker.pauses()
        gate.open.set()
        gate.cut()
        await operator.resume(META)
        clock.now_s += BREAK_S
        assert await worker.paused() == frozenset()


async def test_an_unreadable_pause_is_a_pause() -> None:
    async with switched(Clock()) as (worker, _, _, settings):
        redis = Redis.from_url(settings.redis_url)
        await redis.hset(f"{settings.namespace}:paused", "meta:9", "\xff no json")
        await redis.aclose()
        assert await worker.paused() == {("meta", "9")}
