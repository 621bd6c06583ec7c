"""The publisher against a real RabbitMQ."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sinks.rabbit import Message, Publisher, PublishError
from sinks.rabbit.connection import Link
from sinks.topology import EXCHANGE_EVENTS, EXCHANGE_RETURN
from streams.settings import Settings, load_settings
from tests.rabbit import eventually, rabbit_settings, ready, take_all
from tests.valve import valve

pytestmark = pytest.mark.stack


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with rabbit_settings(tmp_path) as made:
        yield made


def messages(count: int, size: int = 300, key: str = "meta.view") -> list[Message]:
    return [
        Message(routing_key=key, message_id=f"m-{n}", body=f"{n:08}".encode() * (size // 8), headers={"n": n})
        for n in range(count)
    ]


async def test_every_message_arrives_as_it_was_published(settings: Settings) -> None:
    publisher = Publisher(settings)
    sent = messages(1203)
    await publisher.publish(EXCHANGE_EVENTS, sent)
    await publisher.close()
    found = await take_all(settings, "meta_queue")
    assert [m.body for m in found] == [m.body for m in sent]
    properties = [m.header.properties for m in found]
    assert [(p.message_id, p.headers, p.delivery_mode, p.content_type) for p in properties] == [
        (m.message_id, {**m.headers, "x-delivery-count": 0}, 2, "application/json") for m in sent
    ]


async def test_empty_body_and_body_of_several_frames(settings: Settings) -> None:
    publisher = Publisher(settings)
    bodies = [b"", b"x" * 131_064, b"y" * 131_065, b"z" * 500_000]
    await publisher.publish(
        EXCHANGE_EVENTS,
        [Message(routing_key="meta.view", message_id=str(n), body=b) for n, b in enumerate(bodies)],
    )
    await publisher.close()
    assert [m.body for m in await take_all(settings, "meta_queue")] == bodies


async def test_nothing_to_publish_needs_no_broker() -> None:
    await Publisher(load_settings(rabbitmq_url="amqp://guest:guest@127.0.0.1:9/")).publish(EXCHANGE_EVENTS, [])


async def test_many_tasks_share_one_publisher(settings: Settings) -> None:
    publisher = Publisher(settings)
    await asyncio.gather(*(publisher.publish(EXCHANGE_EVENTS, messages(300)) for _ in range(8)))
    await publisher.close()
    assert await ready(settings, "meta_queue") == 2400


async def test_unroutable_goes_to_the_alternate_exchange(settings: Settings) -> None:
    publisher = Publisher(settings)
    await publisher.publish(EXCHANGE_EVENTS, messages(3, key="unknown.view"))
    await publisher.close()
    assert await ready(settings, "capi_unrouted") == 3


async def test_unroutable_without_alternate_is_an_error_and_the_channel_lives(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = Publisher(settings)
    await publisher.publish(EXCHANGE_EVENTS, messages(1))
    sent = messages(3, key="no-such-queue")
    with pytest.raises(PublishError, match="unroutable"):
        await publisher.publish("", sent)  # the default exchange has no alternate
    await publisher.publish(EXCHANGE_EVENTS, messages(5))
    await publisher.close()
    assert await ready(settings, "meta_queue") == 6
    assert "00000000" not in caplog.text, "a body was logged"


async def test_missing_exchange_is_an_error_and_the_next_publish_works(settings: Settings) -> None:
    publisher = Publisher(settings)
    with pytest.raises(PublishError, match="channel closed by RabbitMQ"):
        await publisher.publish("no such exchange", messages(10))
    await publisher.publish(EXCHANGE_RETURN, messages(10))
    await publisher.close()
    assert await ready(settings, "meta_queue") == 10


async def test_refused_connection_is_an_error_soon() -> None:
    publisher = Publisher(load_settings(rabbitmq_url="amqp://guest:guest@127.0.0.1:9/", confirm_timeout_s=3))
    started = time.monotonic()
    for _ in range(3):
        with pytest.raises(PublishError, match="cannot connect"):
            await publisher.publish(EXCHANGE_EVENTS, messages(1))
    assert 0.1 < time.monotonic() - started < 3  # it pauses between connections, a little


async def test_silent_broker_is_an_error_in_time() -> None:
    async def swallow(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    publisher = Publisher(load_settings(rabbitmq_url=f"amqp://a:b@127.0.0.1:{port}/", confirm_timeout_s=0.5))
    started = time.monotonic()
    with pytest.raises(PublishError):
        await publisher.publish(EXCHANGE_EVENTS, messages(1))
    assert time.monotonic() - started < 3
    server.close()


async def test_no_confirm_in_time_is_an_error_and_the_connection_is_dropped(settings: Settings) -> None:
    async with valve(5672) as relay:
        url = settings.rabbitmq_url.replace(":5672/", f":{relay.port}/")
        publisher = Publisher(settings.model_copy(update={"rabbitmq_url": url, "confirm_timeout_s": 2}))
        await publisher.publish(EXCHANGE_EVENTS, messages(1))
        channel = publisher._channel
        relay.open.clear()
        with pytest.raises(PublishError, match=r"no confirm within 2 s"):
            await publisher.publish(EXCHANGE_EVENTS, messages(2))

        async def closed() -> bool:
            return channel is not None and channel.is_closed

        await eventually(closed, 5, "the stuck channel is dropped")
        relay.open.set()
        await publisher.publish(EXCHANGE_EVENTS, messages(3))
        await publisher.close()
    assert await ready(settings, "meta_queue") >= 4


async def test_cancelled_publish_leaves_nothing_behind(settings: Settings) -> None:
    publisher = Publisher(settings)
    await publisher.start()
    for pause_s in (0.0, 0.0005, 0.002, 0.01, 0.03):
        publishing = asyncio.create_task(publisher.publish(EXCHANGE_EVENTS, messages(2000)))
        await asyncio.sleep(pause_s)
        publishing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await publishing
    await publisher.publish(EXCHANGE_EVENTS, messages(10, key="tiktok.view"))
    channel = publisher._channel
    assert channel is not None

    async def settled() -> bool:
        return not channel.confirmations and not channel.message_id_delivery_tag

    await eventually(settled, 10, "no confirmation is awaited any more")
    await publisher.close()
    assert await ready(settings, "tiktok_queue") == 10


async def test_lost_connections_lose_nothing(settings: Settings) -> None:
    confirmed: list[str] = []
    errors = 0
    rng = random.Random(7)
    async with valve(5672) as relay:
        url = settings.rabbitmq_url.replace(":5672/", f":{relay.port}/")
        publisher = Publisher(settings.model_copy(update={"rabbitmq_url": url}))
        number = 0
        while errors < 5:  # on a fast machine many a cut falls between two publishes; the test's limit bounds this
            ids = [f"{number}-{n}" for n in range(20)]
            batch = [Message(routing_key="meta.view", message_id=i, body=i.encode()) for i in ids]
            asyncio.get_running_loop().call_later(rng.uniform(0, 0.004), relay.cut)
            while True:
                try:
                    await publisher.publish(EXCHANGE_EVENTS, batch)
                    break
                except PublishError:
                    errors += 1
            confirmed += ids
            number += 1
        await publisher.close()
    found = Counter(m.body.decode() for m in await take_all(settings, "meta_queue"))
    twice = found.total() - len(found)
    print(f"accepted {len(confirmed)}, arrived {len(found)}, duplicates {twice}, errors {errors}")
    assert set(confirmed) == set(found)
    assert twice <= 20 * errors


async def test_close_is_polite_to_the_broker(settings: Settings) -> None:
    link = Link(settings.rabbitmq_url, "polite")
    await link.open(5)
    started = time.monotonic()
    await link.close()
    assert link.connection.is_closed
    assert time.monotonic() - started < 2
