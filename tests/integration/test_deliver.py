"""Delivery on a real RabbitMQ and Redis, against the stand-in platforms over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from time import time
from typing import Any

import pytest
from redis.asyncio import Redis

from agents.platforms import Platforms
from agents.platforms.behaviour import Order
from sinks.deliver.counters import ALARMS, JOBS
from sinks.deliver.service import run_delivery
from sinks.rabbit import Message, Publisher
from sinks.rabbit.consumer import ConsumerLostError
from sinks.rabbit_admin import RabbitAdmin
from sinks.tombstones import TombstoneReader
from sinks.topology import EXCHANGE_EVENTS, routing_key
from streams.events import Event, Job, Platform, UserData, encode
from streams.settings import Settings
from tests.rabbit import META, TIKTOK, close_connection, connections, eventually, rabbit_settings, ready, take_all
from tests.valve import valve

pytestmark = pytest.mark.stack

EM = sha256(b"anna@example.com").hexdigest()


@pytest.fixture
def settings(tmp_path: Path, platforms: Platforms, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setattr("sinks.outcomes.CLOSE_TIMEOUT_S", 0.2)  # these namespaces have no topics
    urls = {"meta_url": platforms.url, "tiktok_url": platforms.url}
    with rabbit_settings(tmp_path, post_timeout_s=1, probe_s=0.5, deliver_port=0, **urls) as made:
        yield made


def job(
    number: int, name: str = "ViewContent", platform: Platform = "meta", pixel: str = META, **event: Any
) -> Job:
    custom = {"value": 12.5, "currency": "USD"} if name == "Purchase" else {}
    fields: dict[str, Any] = {
        "event_id": f"e-{number}",
        "event_name": name,
        "event_time_ms": int(time() * 1000),
        "tenant": "default",
        "session_id": f"s-{number}",
        "event_source_url": "https://shop.example.com/",
        "user": UserData(em=(EM,), client_ip="192.0.2.7", client_user_agent="Mozilla/5.0"),
        "custom_data": custom,
    } | event
    return Job(platform=platform, pixel_id=pixel, event_name=name, batch_id="b", event=Event(**fields))


async def publish(settings: Settings, jobs: Sequence[Job]) -> None:
    publisher = Publisher(settings)
    messages = [
        Message(routing_key=routing_key(j.platform, j.event_name), message_id=f"{j.job_id}:1", body=encode(j))
        for j in jobs
    ]
    await publisher.publish(EXCHANGE_EVENTS, messages)
    await publisher.close()


@asynccontextmanager
async def delivering(settings: Settings, *queues: str) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    running = asyncio.create_task(run_delivery(settings, queues or ("meta_queue",), stop))
    try:
        yield running
    finally:
        stop.set()
        await asyncio.wait([running], timeout=15)
        assert running.done(), "delivery did not stop"


def taken(platforms: Platforms) -> dict[str, int]:
    """How often each event was accepted."""
    events: list[dict[str, Any]] = platforms.ledger.listing("", "")["events"]
    return {f"{event['platform']}:{event['event_id']}": event["count"] for event in events}


def all_taken(platforms: Platforms, count: int) -> Any:
    async def check() -> bool:
        return len(taken(platforms)) >= count

    return check


def queue_has(settings: Settings, queue: str, count: int) -> Any:
    async def check() -> bool:
        return await ready(settings, queue) == count

    return check


def settled(outcome: str) -> float:
    """Jobs acknowledged with this outcome by this test process so far."""
    return float(JOBS.labels("meta", META, outcome, "ack")._value.get())


async def empty_after(settings: Settings) -> bool:
    """Nothing anywhere but what is parked: looked at after the worker closed, so that unacked jobs show."""
    queues = ["meta_queue", "tiktok_queue", "retry_1s", "retry_2s", "capi_unrouted"]
    return not sum([await ready(settings, queue) for queue in queues])


async def test_jobs_of_both_platforms_arrive_once(settings: Settings, platforms: Platforms) -> None:
    jobs = [job(n, "Purchase" if n % 10 == 0 else "ViewContent") for n in range(120)]
    jobs += [job(n, "Purchase", "tiktok", TIKTOK) for n in range(30)]
    await publish(settings, jobs)
    async with delivering(settings, "meta_queue", "tiktok_queue"):
        await eventually(all_taken(platforms, 150), 20, "150 events accepted")
    assert set(taken(platforms).values()) == {1}
    assert await empty_after(settings)
    posts = sum(platforms.ledger.totals()["answers"].values())
    assert posts <= 20, "a POST takes many events"


async def test_rate_limit_goes_down_the_ladder_and_then_arrives(settings: Settings, platforms: Platforms) -> None:
    platforms.orders.give(Order(mode="429", times=2))
    await publish(settings, [job(n) for n in range(5)])
    async with delivering(settings):
        await eventually(all_taken(platforms, 5), 20, "accepted at the third attempt")
    assert set(taken(platforms).values()) == {1}
    assert await empty_after(settings)
    assert await ready(settings, "capi_parked") == 0


async def test_end_of_the_ladder_parks_with_its_story(settings: Settings, platforms: Platforms) -> None:
    platforms.orders.give(Order(mode="500"))
    await publish(settings, [job(1)])
    async with delivering(settings):
        await eventually(queue_has(settings, "capi_parked", 1), 20, "parked after three attempts")
    (parked,) = await take_all(settings, "capi_parked")
    headers = parked.header.properties.headers or {}
    assert headers["capi-attempt"] == 3
    assert str(headers["capi-last-status"]).startswith("transient")
    assert str(headers["capi-last-error"]).startswith("given up after 3 attempts")
    assert parked.routing_key == "meta.view"
    assert not [name for name in headers if "death" in name]
    assert await empty_after(settings)


async def test_silent_and_resetting_platform(settings: Settings, platforms: Platforms) -> None:
    platforms.orders.give(Order(mode="reset", times=1))
    platforms.orders.give(Order(mode="hang", times=1, seconds=30))
    await publish(settings, [job(n) for n in range(3)])
    async with delivering(settings):
        await eventually(all_taken(platforms, 3), 25, "accepted after a time-out and a reset")
    assert set(taken(platforms).values()) == {1}
    assert await empty_after(settings)


@pytest.mark.parametrize("named", [True, False])
async def test_one_refused_event_does_not_hold_the_others(
    settings: Settings, platforms: Platforms, named: bool
) -> None:
    platforms.orders.give(Order(mode="refuse_event", event_id="e-17", named=named))
    await publish(settings, [job(n) for n in range(40)])
    async with delivering(settings):
        await eventually(all_taken(platforms, 39), 20, "39 accepted")
        await eventually(queue_has(settings, "capi_parked", 1), 10, "the refused one is parked")
    (parked,) = await take_all(settings, "capi_parked")
    assert b'"e-17"' in parked.body
    assert "meta:e-17" not in taken(platforms)
    assert set(taken(platforms).values()) == {1}
    assert await empty_after(settings)


async def test_dead_token_keeps_the_jobs_and_leaves_other_pixels_alone(
    settings: Settings, platforms: Platforms
) -> None:
    platforms.orders.give(Order(mode="refuse_token", pixel=META))
    alarms = ALARMS.labels("meta", META)._value
    before = alarms.get()
    await publish(settings, [job(1), job(2), job(3, pixel="2222222222")])
    async with delivering(settings):
        await eventually(all_taken(platforms, 1), 20, "the other pixel's event")
        await asyncio.sleep(4)  # longer than the ladder's sum: they must not have been parked
        assert await ready(settings, "capi_parked") == 0
        assert alarms.get() - before == 1, "one alarm however often it was probed"
        platforms.orders.give(Order(mode="ok"))
        await eventually(all_taken(platforms, 3), 15, "accepted with a token that works again")
    assert await empty_after(settings)


async def test_what_cannot_be_sent_is_parked_with_a_reason(settings: Settings, platforms: Platforms) -> None:
    week_old = int(time() * 1000) - 8 * 86_400_000
    odd = [
        job(1, event_time_ms=week_old),
        job(2, "Purchase", custom_data={}),
        job(3, pixel="unknown"),
        job(4, user=UserData(client_user_agent="Mozilla/5.0")),
    ]
    await publish(settings, [*odd, job(5)])
    publisher = Publisher(settings)
    await publisher.publish(
        EXCHANGE_EVENTS, [Message(routing_key="meta.view", message_id="x", body=b"anna@example.com \xff")]
    )
    await publisher.close()
    async with delivering(settings):
        await eventually(all_taken(platforms, 1), 10, "the good one is accepted")
        await eventually(queue_has(settings, "capi_parked", 5), 10, "the others are parked")
    told = [m.header.properties.headers or {} for m in await take_all(settings, "capi_parked")]
    reasons = sorted(f"{h['capi-last-status']!s}: {h['capi-last-error']!s}" for h in told)
    assert [reason.partition(" without")[0] for reason in reasons] == [
        "expired: older than CAPI_EVENT_MAX_AGE_S",
        "invalid preflight: Purchase",
        "invalid preflight: too few match keys",
        "misconfigured: this destination is no longer in the tenants file",
        "unreadable: not a job: no JSON object",
    ]
    assert await empty_after(settings)


async def test_a_job_that_redis_knows_is_not_posted_again(settings: Settings, platforms: Platforms) -> None:
    await publish(settings, [job(n) for n in range(5)])
    async with delivering(settings):
        await eventually(all_taken(platforms, 5), 10, "accepted")
    await publish(settings, [job(n) for n in range(5)])
    before = settled("duplicate")
    async with delivering(settings):  # a second worker, which has no memory of its own

        async def known() -> bool:
            return settled("duplicate") == before + 5

        await eventually(known, 10, "recognised")
    assert await empty_after(settings)
    assert set(taken(platforms).values()) == {1}
    redis = Redis.from_url(settings.redis_url)
    ttl_s = await redis.ttl(f"{settings.namespace}:delivered:meta:{META}:ViewContent:e-1")
    await redis.delete(*[f"{settings.namespace}:delivered:meta:{META}:ViewContent:e-{n}" for n in range(5)])
    await redis.aclose()
    assert 172_000 < ttl_s <= 172_800


@pytest.mark.parametrize("how", ["refuses", "frozen"])
async def test_redis_away_stops_nothing(settings: Settings, platforms: Platforms, how: str) -> None:
    async with valve(6379) as relay:
        relay.open.clear()
        port = relay.port if how == "frozen" else 9
        without = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0"})
        await publish(settings, [job(n) for n in range(150)])
        async with delivering(without):
            await eventually(all_taken(platforms, 150), 15, "accepted without Redis")
    assert set(taken(platforms).values()) == {1}
    assert await empty_after(settings)


async def test_once_it_is_known_who_was_erased_kafka_away_stops_nothing(
    settings: Settings, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that starts while Kafka is away waits: test_deliver_erased.py."""
    without = settings.model_copy(update={"kafka_url": "kafka://127.0.0.1:9"})
    monkeypatch.setattr("sinks.deliver.service.TombstoneReader", lambda _: TombstoneReader(settings))
    await publish(settings, [job(n) for n in range(60)])
    async with delivering(without):
        await eventually(all_taken(platforms, 60), 15, "accepted without Kafka")
    assert await empty_after(settings)


async def test_closed_connections_lose_nothing(settings: Settings, platforms: Platforms) -> None:
    platforms.orders.give(Order(mode="slow", seconds=0.3))
    platforms.orders.give(Order(mode="500", times=2))  # retries are published meanwhile
    async with valve(5672) as relay:
        url = settings.rabbitmq_url.replace(":5672/", f":{relay.port}/")
        through = settings.model_copy(update={"rabbitmq_url": url, "post_events": 20, "prefetch": 80})
        async with delivering(through):

            async def listed() -> bool:
                return len(await connections(settings, "capi deliver meta_queue")) == 1

            await eventually(listed, 15, "the consumer's connection is listed")
            await publish(settings, [job(n) for n in range(400)])
            await asyncio.sleep(0.5)
            for connection in await connections(settings, "capi deliver"):
                await close_connection(settings, connection)
            cuts = 0
            for _ in range(6):
                await asyncio.sleep(0.7)
                cuts += relay.cut()
            await eventually(all_taken(platforms, 400), 40, "all accepted in spite of lost connections")
            await eventually(queue_has(settings, "meta_queue", 0), 10, "settled")
    counts = taken(platforms)
    print(f"accepted 400, delivered {len(counts)}, duplicates {sum(counts.values()) - len(counts)}, cuts {cuts}")
    assert cuts >= 6
    assert set(counts.values()) == {1}
    assert await empty_after(settings)


async def test_stop_gives_unposted_jobs_back(settings: Settings, platforms: Platforms) -> None:
    platforms.orders.give(Order(mode="slow", seconds=0.8))
    small = settings.model_copy(update={"post_events": 5, "posts_in_flight": 2, "prefetch": 50})
    await publish(settings, [job(n) for n in range(50)])
    async with delivering(small):
        await eventually(all_taken(platforms, 1), 20, "the first POSTs are taken")
    posted = len(taken(platforms))
    assert 0 < posted < 50
    assert await ready(settings, "meta_queue") == 50 - posted


async def test_deleted_queue_ends_delivery(settings: Settings) -> None:
    async with delivering(settings, "meta_queue", "tiktok_queue") as running:

        async def consumed() -> bool:
            return len(await connections(settings, "capi deliver tiktok_queue")) > 0

        await eventually(consumed, 15, "consuming")
        with RabbitAdmin(settings) as admin:
            admin._ask("DELETE", f"/api/queues/{admin._quoted}/meta_queue")
        with pytest.raises(ExceptionGroup) as caught:
            await asyncio.wait_for(running, 10)
    assert caught.group_contains(ConsumerLostError, match="meta_queue was deleted")
