"""The consumer against a real RabbitMQ: deliveries arrive whole, in any pieces, and again after a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sinks.rabbit import Message, Publisher
from sinks.rabbit.acks import acknowledge
from sinks.rabbit.connection import Intercept
from sinks.rabbit.consumer import Consumer, Received
from sinks.rabbit.unacked import Unacked
from sinks.topology import EXCHANGE_EVENTS
from streams.settings import Settings
from tests.rabbit import eventually, rabbit_settings, ready

pytestmark = pytest.mark.stack

SIZES = [300] * 5 + [0, 1, 131_064, 131_065, 900_000, 300]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with rabbit_settings(tmp_path, prefetch=100) as made:
        yield made


async def publish(settings: Settings, bodies: list[bytes]) -> None:
    publisher = Publisher(settings)
    await publisher.publish(
        EXCHANGE_EVENTS,
        [
            Message(routing_key="meta.view", message_id=f"m-{n}", body=body, headers={"n": n})
            for n, body in enumerate(bodies)
        ],
    )
    await publisher.close()


@asynccontextmanager
async def consuming(settings: Settings) -> AsyncIterator[tuple[Consumer, list[Received]]]:
    taken: list[Received] = []
    stop = asyncio.Event()
    consumer = Consumer(settings, "meta_queue", taken.append)
    running = asyncio.create_task(consumer.run(stop))
    try:
        yield consumer, taken
    finally:
        stop.set()
        await running
        await consumer.close()


def came(taken: list[Received], count: int) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return len(taken) >= count

    return check


async def empty(settings: Settings) -> bool:
    return await ready(settings, "meta_queue") == 0


@pytest.mark.parametrize("piece", [1, 4099, 1 << 20])
async def test_messages_of_all_sizes_in_pieces_of_all_sizes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    whole = Intercept.data_received
    sizes = SIZES if piece > 1 else SIZES[:7]

    def in_pieces(self: Intercept, data: bytes) -> None:
        for start in range(0, len(data), piece):
            whole(self, data[start : start + piece])

    monkeypatch.setattr(Intercept, "data_received", in_pieces)
    bodies = [f"{n:08}".encode() * (size // 8) + b"x" * (size % 8) for n, size in enumerate(sizes)]
    await publish(settings, bodies)
    async with consuming(settings) as (_, taken):
        await eventually(came(taken, len(bodies)), 10, "all delivered")
        assert [received.body for received in taken] == bodies
        assert [(r.message_id, r.headers["n"], r.routing_key) for r in taken] == [
            (f"m-{n}", n, "meta.view") for n in range(len(bodies))
        ]
        assert await acknowledge(taken) == 0
    assert await empty(settings)


async def test_a_channel_that_the_broker_closes_is_opened_anew_and_all_comes_again(settings: Settings) -> None:
    await publish(settings, [b"one", b"two"])
    async with consuming(settings) as (consumer, taken):
        await eventually(came(taken, 2), 10, "both delivered")
        unknown = Unacked(taken[0].channel)
        unknown.came([99])
        await acknowledge(
            [Received(b"", {}, "", "", 99, unknown)]
        )  # PRECONDITION_FAILED: the broker closes the channel
        await eventually(came(taken, 4), 10, "both delivered again")
        assert await acknowledge(taken[:2]) == 2, "their channel is gone"
        assert await acknowledge(taken[2:]) == 0
        assert [received.body for received in taken] == [b"one", b"two"] * 2
        assert consumer.deliveries == 4
    assert await empty(settings)
