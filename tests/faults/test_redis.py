"""The fault tests' own Redis is hurt as it says, and comes back by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError, RedisError

from tests.faults.redis import PrivateRedis
from tests.kafka import eventually

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRedis]:
    made = PrivateRedis(tmp_path_factory.mktemp("redis") / "stack")
    try:
        made.start()
        yield made
    finally:
        made.stop()


def client(private: PrivateRedis) -> Redis:
    return Redis.from_url(private.url, socket_timeout=0.3)


def test_when_full_it_takes_nothing_more(private: PrivateRedis) -> None:
    private.fill(True)
    with pytest.raises(OutOfMemoryError):
        client(private).set("key", 1)
    private.fill(False)
    assert client(private).set("key", 1)


def test_it_forgets_all_but_the_queue(private: PrivateRedis) -> None:
    redis = client(private)
    redis.set("key", 1)
    redis.rpush("queue:capi", "item")
    assert private.forget("queue:") == 1
    assert redis.keys("*") == [b"queue:capi"]


def test_frozen_it_answers_nothing(private: PrivateRedis) -> None:
    private.freeze(True)
    with pytest.raises(RedisError):
        client(private).ping()
    private.freeze(False)
    assert client(private).ping()


async def test_killed_it_comes_back_with_all_that_it_answered(private: PrivateRedis) -> None:
    client(private).set("kept", 1)
    before = private.pids()
    assert len(before) == 1
    assert private.kill()
    await eventually(lambda: private.pids() not in ([], before))
    private.up()
    assert client(private).get("kept") == b"1"
