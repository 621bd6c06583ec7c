"""What intake workers and Redis do to the queue: every item is in one place, with one ticket."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents.intake.queue import Batch, QueueError, TakenQueue
from agents.intake.tickets import Entry
from streams.door import Origin
from streams.raw import MAX_RECORD_BYTES
from streams.settings import Settings, load_settings
from tests.own_redis import OwnRedis

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def settings(redis: OwnRedis) -> Settings:
    return load_settings(intake_redis_url=redis.url, intake_queue=f"test:{secrets.token_hex(4)}", intake_items=10)


@asynccontextmanager
async def workers(settings: Settings, number: int) -> AsyncIterator[list[TakenQueue]]:
    made = [TakenQueue(settings) for _ in range(number)]
    try:
        yield made
    finally:
        for queue in made:
            await queue.close()


def items(batch: Batch) -> list[bytes]:
    return [entry.item for entry in batch.entries]


def ids(entries: Sequence[Entry]) -> list[Origin]:
    return [entry.origin for entry in entries]


def dies(redis: OwnRedis, queue: TakenQueue) -> None:
    """As its sign of life does some time after a kill."""
    redis.client.delete(f"{queue.name}:alive:{queue.worker}")


def left(redis: OwnRedis, settings: Settings) -> set[bytes]:
    keys: list[bytes] = redis.client.keys(f"{settings.intake_queue}*")  # type: ignore[assignment]
    return {key.removeprefix(settings.intake_queue.encode()) for key in keys}


@pytest.mark.parametrize(("pushed", "push"), [("left", "lpush"), ("right", "rpush")])
async def test_items_come_in_the_order_they_were_pushed_and_then_nothing_is_left(
    redis: OwnRedis, settings: Settings, pushed: str, push: str
) -> None:
    settings = settings.model_copy(update={"intake_pushed": pushed})
    getattr(redis.client, push)(settings.intake_queue, *(f"item {n}" for n in range(25)))
    found: list[bytes] = []
    async with workers(settings, 1) as [queue]:
        batch = await queue.take(b"")
        assert batch.queued == 15
        while batch.entries:
            found += items(batch)
            batch = await queue.take(batch.ticket)
        assert await queue.leave(b"") == 0
    assert found == [f"item {n}".encode() for n in range(25)]
    assert left(redis, settings) == set()


async def test_an_answer_that_was_not_heard_comes_once_more(redis: OwnRedis, settings: Settings) -> None:
    redis.client.lpush(settings.intake_queue, *range(15))
    async with workers(settings, 1) as [queue]:
        unheard = await queue.take(b"")
        heard = await queue.take(b"")
        assert ids(heard.entries) == ids(unheard.entries) and len(heard.entries) == 10
        after = await queue.take(heard.ticket)
        assert items(after) == [b"10", b"11", b"12", b"13", b"14"]
        again = await queue.take(heard.ticket)  # the same words once more let go of nothing else
        assert ids(again.entries) == ids(after.entries)


async def test_equal_items_are_two_events_also_after_a_death(redis: OwnRedis, settings: Settings) -> None:
    redis.client.lpush(settings.intake_queue, *["same"] * 4)
    async with workers(settings, 2) as [first, second]:
        taken = await first.take(b"")
        dies(redis, first)
        assert await second.recover() == 4
        repeated = await second.take(b"")
    assert len(set(ids(taken.entries))) == 4
    assert ids(repeated.entries) == ids(taken.entries)


async def test_a_worker_that_was_only_slow_harms_nothing(redis: OwnRedis, settings: Settings) -> None:
    redis.client.lpush(settings.intake_queue, *range(12))
    async with workers(settings, 2) as [slow, other]:
        taken = await slow.take(b"")
        dies(redis, slow)
        await other.recover()
        assert ids((await other.take(b"")).entries) == ids(taken.entries)
        more = await slow.take(taken.ticket)  # it has written what the other writes once more
        assert items(more) == [b"10", b"11"]
        assert not set(ids(more.entries)) & set(ids(taken.entries))
        assert len((await other.take(b"")).entries) == 10


async def test_what_the_living_have_in_hand_is_theirs(redis: OwnRedis, settings: Settings) -> None:
    redis.client.lpush(settings.intake_queue, "one")
    async with workers(settings, 2) as [first, second]:
        await first.take(b"")
        assert await second.recover() == 0
        assert not (await second.take(b"")).entries
        await first.beat()
        assert redis.client.ttl(f"{first.name}:alive:{first.worker}") > 10


async def test_what_is_in_hand_at_the_end_is_free_at_once(redis: OwnRedis, settings: Settings) -> None:
    redis.client.lpush(settings.intake_queue, "one")
    async with workers(settings, 2) as [first, second]:
        await first.take(b"")
        assert await first.leave(b"") == 1
        assert await second.recover() == 1
        batch = await second.take(b"")
        assert items(batch) == [b"one"]
        assert await second.leave(batch.ticket) == 0
    assert left(redis, settings) == set()


async def test_of_a_large_item_only_its_beginning_is_moved(redis: OwnRedis, settings: Settings) -> None:
    redis.client.lpush(settings.intake_queue, b"x" * 3_000_000, b"y" * MAX_RECORD_BYTES)
    async with workers(settings, 1) as [queue]:
        assert [len(item) for item in items(await queue.take(b""))] == [MAX_RECORD_BYTES + 1, MAX_RECORD_BYTES]


async def test_a_batch_is_bounded_in_bytes(redis: OwnRedis, settings: Settings) -> None:
    wide = settings.model_copy(update={"intake_items": 1000})
    redis.client.lpush(wide.intake_queue, *["z" * 60_000] * 40)
    async with workers(wide, 1) as [queue]:
        assert len((await queue.take(b"")).entries) == 17


@pytest.mark.parametrize("foreign", [b"", b"{}", b"a/1/1/1|x", b"\xff\x00", b"0" * 16 + b"/1/1/9999999999999999|"])
async def test_what_somebody_put_among_the_orphans_is_an_item(
    redis: OwnRedis, settings: Settings, foreign: bytes
) -> None:
    redis.client.rpush(f"{settings.intake_queue}:orphans", foreign)
    async with workers(settings, 1) as [queue]:
        batch = await queue.take(b"")
        assert items(batch) == [foreign]
        await queue.take(batch.ticket)
        await queue.leave(b"")
    assert left(redis, settings) == set()


async def test_a_key_of_another_type_is_told_in_redis_s_words(redis: OwnRedis, settings: Settings) -> None:
    redis.client.set(settings.intake_queue, "anna@example.com")
    async with workers(settings, 1) as [queue]:
        with pytest.raises(QueueError, match="WRONGTYPE") as told:
            await queue.take(b"")
    assert "anna" not in str(told.value)


async def test_a_redis_that_is_full_can_be_emptied(tmp_path: Path) -> None:
    full = OwnRedis(tmp_path)
    try:
        settings = load_settings(intake_redis_url=full.url, intake_queue="q")
        full.client.lpush("q", *["x" * 1_000] * 4_000)
        full.client.config_set("maxmemory", 3_000_000)
        taken = 0
        async with workers(settings, 1) as [queue]:
            with pytest.raises(QueueError, match="maxmemory"):
                await queue.beat()
            batch = await queue.take(b"")
            while batch.entries:
                taken += len(batch.entries)
                batch = await queue.take(batch.ticket)
            await queue.beat()
    finally:
        full.kill()
    assert taken == 4_000


async def test_a_redis_that_was_started_anew_learns_the_scripts_again(redis: OwnRedis, settings: Settings) -> None:
    redis.client.lpush(settings.intake_queue, "one", "two")
    small = settings.model_copy(update={"intake_items": 1})
    async with workers(small, 1) as [queue]:
        first = await queue.take(b"")
        redis.client.script_flush()
        redis.client.client_kill_filter(_type="normal", skipme=True)
        with pytest.raises(QueueError):
            await queue.take(first.ticket)
        second = await queue.take(first.ticket)
        redis.client.script_flush()
        assert await queue.leave(second.ticket) == 0
    assert (items(first), items(second)) == ([b"one"], [b"two"])
    assert left(redis, settings) == set()


async def test_a_redis_that_is_away_is_named_without_its_address(tmp_path: Path) -> None:
    settings = load_settings(intake_redis_url="redis://user:s3cret@127.0.0.1:1/0")
    async with workers(settings, 1) as [queue]:
        with pytest.raises(QueueError) as told:
            await queue.take(b"")
    assert str(told.value) == "ConnectionError"
