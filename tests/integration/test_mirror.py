"""The mirror against a Redis of the test's own, which can be frozen, killed and started empty."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from sinks import redis_mirror
from sinks.redis_mirror import Mirror
from tests.own_redis import OwnRedis

pytestmark = pytest.mark.stack

DEADLINE_S = 15.0
TTL_S = 90


class ListedRedis(OwnRedis):
    def list(self, session_id: str) -> list[bytes]:
        return self.client.lrange(f"test:session:{session_id}", 0, -1)  # type: ignore[return-value]

    def lists(self) -> int:
        return sum(1 for _ in self.client.scan_iter("test:session:*", count=10_000))


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[ListedRedis]:
    server = ListedRedis(tmp_path)
    yield server
    server.kill()


Table = dict[bytes, list[bytes]]


@asynccontextmanager
async def mirroring(redis: ListedRedis, table: Table) -> AsyncIterator[Mirror]:
    mirror = Mirror(redis.url, "test", TTL_S, 0.25, table.get, lambda: [*table])
    task = asyncio.create_task(mirror.run())
    yield mirror
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_list_shows_the_open_events_and_goes_at_the_flush(redis: ListedRedis) -> None:
    table: Table = {b"default|s1": [b'{"n":1}', b'{"n":2}'], b"shop|s1": [b'{"n":3}']}
    async with mirroring(redis, table) as mirror:
        mirror.touch(table)
        await until(lambda: len(redis.list("s1")) == 2)
        assert redis.list("s1") == [b'{"n":1}', b'{"n":2}']
        await until(lambda: redis.list("shop|s1") == [b'{"n":3}'])
        assert 0 < redis.client.ttl("test:session:s1") <= TTL_S

        table[b"default|s1"] = [b'{"n":1,"em":"backfilled"}']
        mirror.touch([b"default|s1"])
        await until(lambda: redis.list("s1") == [b'{"n":1,"em":"backfilled"}'])

        del table[b"default|s1"]
        mirror.touch([b"default|s1"])
        await until(lambda: not redis.client.exists("test:session:s1"))
        assert redis.list("shop|s1") == [b'{"n":3}']


async def test_a_redis_that_comes_back_empty_is_drawn_again(redis: ListedRedis) -> None:
    table: Table = {b"default|s%d" % n: [b"%d" % n] for n in range(500)}
    async with mirroring(redis, table) as mirror:
        mirror.touch(table)
        await until(lambda: redis.lists() == 500)
        redis.kill()
        table[b"default|new"] = [b"new"]
        mirror.touch([b"default|new"])
        failed = redis_mirror.FAILED._value.get()
        await until(lambda: redis_mirror.FAILED._value.get() > failed)
        redis.start()
        await until(lambda: redis.lists() == 501)
        assert redis.list("new") == [b"new"]


async def test_a_restart_between_two_writes_is_noticed(
    redis: ListedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_mirror, "LOOK_S", 0.1)
    table: Table = {b"default|quiet": [b"1"]}
    async with mirroring(redis, table) as mirror:
        mirror.touch(table)
        await until(lambda: redis.list("quiet") == [b"1"])
        redis.kill()
        redis.start()
        await until(lambda: redis.list("quiet") == [b"1"])


async def test_one_that_was_emptied_is_drawn_again(redis: ListedRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection stays, and nothing changes."""
    monkeypatch.setattr(redis_mirror, "LOOK_S", 0.1)
    table: Table = {b"default|s%d" % n: [b"1"] for n in range(500)}
    async with mirroring(redis, table) as mirror:
        mirror.touch(table)
        await until(lambda: redis.lists() == 500)
        redis.client.flushall()
        await until(lambda: redis.lists() == 500)


async def test_a_frozen_redis_stops_nobody_and_is_right_afterwards(redis: ListedRedis) -> None:
    table: Table = {b"default|s1": [b"1"]}
    async with mirroring(redis, table) as mirror:
        mirror.touch(table)
        await until(lambda: redis.list("s1") == [b"1"])
        redis.signal(signal.SIGSTOP)
        failed = redis_mirror.FAILED._value.get()
        table[b"default|s1"] = [b"1", b"2"]
        longest_s = 0.0
        while redis_mirror.FAILED._value.get() == failed:
            started_s = time.monotonic()
            mirror.touch([b"default|s1"])
            await asyncio.sleep(0)
            longest_s = max(longest_s, time.monotonic() - started_s)
            await asyncio.sleep(0.01)
        redis.signal(signal.SIGCONT)
        assert longest_s < 0.2  # the event loop of the agent was never held
        await until(lambda: redis.list("s1") == [b"1", b"2"])


async def test_lists_of_a_partition_that_went_to_another_worker_are_left_alone(redis: ListedRedis) -> None:
    table: Table = {b"default|kept": [b"1"]}
    async with mirroring(redis, table) as mirror:
        redis.client.rpush("test:session:moved", b"written by its new owner")
        mirror.touch([b"default|moved"])
        mirror.start_over(table)
        await until(lambda: redis.list("kept") == [b"1"])
        assert redis.list("moved") == [b"written by its new owner"]


async def test_a_long_absence_keeps_memory_bounded_and_is_made_up_for(
    redis: ListedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_mirror, "MOST_DIRTY", 1_000)
    table: Table = {b"default|s%d" % n: [b"%d" % n] for n in range(3_000)}
    redis.kill()
    async with mirroring(redis, table) as mirror:
        for key in table:
            mirror.touch([key])
            assert len(mirror._dirty) <= 1_000
        redis.start()
        await until(lambda: redis.lists() == 3_000)


async def test_large_sessions_do_not_hold_the_event_loop(redis: ListedRedis) -> None:
    large = [b"x" * 1_000] * 200
    table: Table = {b"default|s%d" % n: large for n in range(100)}  # 20 MB
    async with mirroring(redis, table) as mirror:
        mirror.touch(table)
        longest_s, latest_s = 0.0, time.monotonic()
        while redis.lists() != 100:
            await asyncio.sleep(0.005)
            longest_s, latest_s = max(longest_s, time.monotonic() - latest_s), time.monotonic()
        assert longest_s < 0.5
