"""The topology on a real RabbitMQ: made twice, changed, and every way that a job can take through it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from agents.provision import apply_queues, plan_queues
from sinks.rabbit_admin import RabbitAdmin, RabbitAdminError
from sinks.topology import (
    EXCHANGE_DEAD,
    EXCHANGE_EVENTS,
    EXCHANGE_RETRY,
    HEADER_RUNG,
    QUEUE_PARKED,
    QUEUE_UNROUTED,
    Rung,
    work_queue,
)
from streams.settings import Settings, load_settings

pytestmark = pytest.mark.stack
WITHIN_S = 15


@contextmanager
def own_vhost() -> Iterator[Settings]:
    base = load_settings()
    url = base.rabbitmq_url.rpartition("/")[0] + f"/test-{uuid4().hex[:12]}"
    own = load_settings(rabbitmq_url=url, retry_s=(1, 2))
    yield own
    with RabbitAdmin(own) as admin:
        admin.delete_vhost()


@pytest.fixture
def settings() -> Iterator[Settings]:
    with own_vhost() as own:
        yield own


@pytest.fixture(scope="module")
def applied() -> Iterator[Settings]:
    """One virtual host for all tests of routes: each leaves its queues empty."""
    with own_vhost() as own:
        apply_queues(own)
        yield own


@pytest.fixture
async def channel(applied: Settings) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(applied.rabbitmq_url) as connection, connection.channel() as channel:
        yield channel


async def send(channel: AbstractChannel, exchange: str, key: str, **headers: str) -> None:
    message = aio_pika.Message(b"job", delivery_mode=aio_pika.DeliveryMode.PERSISTENT, headers=dict(headers))
    target = await channel.get_exchange(exchange, ensure=False)
    await target.publish(message, key, timeout=WITHIN_S)


async def take(channel: AbstractChannel, queue: str) -> AbstractIncomingMessage:
    found = await channel.get_queue(queue, ensure=False)
    async with asyncio.timeout(WITHIN_S):
        while (message := await found.get(fail=False)) is None:
            await asyncio.sleep(0.05)
    return message


async def taken_key(channel: AbstractChannel, queue: str) -> str | None:
    message = await take(channel, queue)
    await message.ack()
    return message.routing_key


def test_applying_twice_changes_nothing_and_a_plan_says_so(settings: Settings) -> None:
    assert {change.action for change in plan_queues(settings)} == {"create"}
    apply_queues(settings)
    assert plan_queues(settings) == []
    assert apply_queues(settings) == []


def test_another_ladder_keeps_the_old_rungs_and_reports_them(settings: Settings) -> None:
    apply_queues(settings)
    changed = load_settings(rabbitmq_url=settings.rabbitmq_url, retry_s=(1, 3))
    apply_queues(changed)
    assert [(change.name, change.action) for change in plan_queues(changed)] == [("retry_2s", "extra")]


async def test_a_classic_queue_in_the_way_is_refused_and_the_rest_is_made(settings: Settings) -> None:
    with RabbitAdmin(settings) as admin:
        admin.import_definitions({"queues": []})
    async with await aio_pika.connect(settings.rabbitmq_url) as connection, connection.channel() as channel:
        await channel.declare_queue("meta_queue", durable=True)
    assert ("meta_queue", "refused") in {(change.name, change.action) for change in apply_queues(settings)}
    assert [(change.name, change.action) for change in plan_queues(settings)] == [("meta_queue", "refused")]


@pytest.mark.parametrize(("key", "queue"), [("meta.purchase", "meta_queue"), ("tiktok.view", "tiktok_queue")])
async def test_a_job_reaches_its_platforms_queue(channel: AbstractChannel, key: str, queue: str) -> None:
    await send(channel, EXCHANGE_EVENTS, key)
    await (await take(channel, queue)).ack()


async def test_a_retry_comes_home_after_its_delay_with_its_routing_key(channel: AbstractChannel) -> None:
    clock = asyncio.get_running_loop().time
    for rung in (Rung(2), Rung(1)):  # the shorter one is not held up by the longer one before it
        await send(channel, EXCHANGE_RETRY, "meta.add_to_cart", **rung.headers)
    sent_s = clock()
    for rung in (Rung(1), Rung(2)):
        message = await take(channel, work_queue("meta"))
        waited_s = clock() - sent_s
        assert message.routing_key == "meta.add_to_cart"
        assert message.headers[HEADER_RUNG] == rung.value
        assert rung.delay_s - 0.2 <= waited_s < rung.delay_s + 3
        await message.ack()


async def test_what_no_queue_takes_is_kept_and_not_dropped(channel: AbstractChannel) -> None:
    await send(channel, EXCHANGE_EVENTS, "nobody.purchase")
    await send(channel, EXCHANGE_RETRY, "meta.purchase", **{HEADER_RUNG: "7s"})
    keys = {await taken_key(channel, QUEUE_UNROUTED) for _ in range(2)}
    assert keys == {"nobody.purchase", "meta.purchase"}


async def test_a_rejected_job_and_a_parked_one_are_kept(channel: AbstractChannel) -> None:
    await send(channel, EXCHANGE_EVENTS, "tiktok.purchase")
    await (await take(channel, work_queue("tiktok"))).reject(requeue=False)
    await send(channel, EXCHANGE_DEAD, "meta.purchase")
    keys = {await taken_key(channel, QUEUE_PARKED) for _ in range(2)}
    assert keys == {"tiktok.purchase", "meta.purchase"}


def test_the_default_virtual_host_is_never_deleted() -> None:
    base = load_settings()
    whole = load_settings(rabbitmq_url=base.rabbitmq_url.rpartition("/")[0] + "/")
    with RabbitAdmin(whole) as admin, pytest.raises(RabbitAdminError, match="never deleted"):
        admin.delete_vhost()


def test_a_wrong_password_says_what_to_do() -> None:
    wrong = load_settings(rabbitmq_url="amqp://guest:wrong@127.0.0.1:5672/")
    with pytest.raises(RabbitAdminError, match="does not know the user"):
        plan_queues(wrong)
