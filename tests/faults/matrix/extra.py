"""Events that a case puts in beside the plan while it does its work: `extra-` visits, which no verdict counts."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count, takewhile
from time import monotonic, time

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.faults.matrix.arena import Arena
from tests.faults.matrix.doors import NotTakenError, OverHttp, OverRedis, Sender
from tests.faults.matrix.place import SECRET
from tests.faults.plan import SHOPS, Planned, email_of

RATE = 240.0
VISITS = 4  # of each door and shop, each time
EVENTS = 2  # of a visit


class OverKafka:
    """The public topic, as tests.faults.matrix.doors has the other two ways."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, shop: str) -> None:
        self._producer, self._topic, self._shop = producer, topic, shop

    async def send(self, piece: Sequence[bytes], ids: Sequence[str], name: str) -> Sequence[str]:
        key = f"{self._shop}|{name}".encode()
        try:
            for value in piece:
                await self._producer.send_and_wait(self._topic, value, key)
        except KafkaError as error:
            raise NotTakenError from error
        return ids


@asynccontextmanager
async def trickle(arena: Arena, rate: float = RATE) -> AsyncIterator[None]:
    """By all three doors, for the time of the block: there is always something for every role to do. At most
    `rate` events a second."""
    settings = arena.settings
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_servers, acks="all")
    await producer.start()
    senders: list[tuple[str, Sender]] = []
    for shop in SHOPS:
        senders.append((shop, OverKafka(producer, settings.topic("events"), shop)))
        http = OverHttp(f"http://127.0.0.1:{settings.collect_port}", shop, arena.env[SECRET])
        senders.append((shop, http))
        senders.append((shop, OverRedis(settings.redis_url, settings.intake_queue)))
    enough = asyncio.Event()  # redis-py may lose a cancellation
    every_s = len(senders) * VISITS * EVENTS / rate
    tasks = [asyncio.create_task(_keep_sending(sender, shop, every_s, enough)) for shop, sender in senders]
    try:
        yield
    finally:
        enough.set()
        await asyncio.gather(*tasks)
        await producer.stop()


async def _keep_sending(sender: Sender, shop: str, every_s: float, enough: asyncio.Event) -> None:
    own, began_s = f"extra-t{uuid.uuid4().hex[:8]}", monotonic()
    for number in takewhile(lambda _: not enough.is_set(), count()):
        for visit in range(VISITS):
            await _send(sender, shop, f"{own}-{number}-{visit}")
        await asyncio.sleep(max(0.0, began_s + (number + 1) * every_s - monotonic()))


async def _send(sender: Sender, shop: str, visit: str) -> None:
    """A look and an order, which ends the visit at once. Both say who it is: something to remember."""
    now_s = time()
    events = [
        Planned(
            event_id=f"{visit}-{name}",
            event_name=name,
            shop=shop,
            session_id=visit,
            at_s=0,
            behind_s=0,
            email=email_of(visit),
        )
        for name in ("ViewContent", "Purchase")
    ]
    with suppress(NotTakenError):  # the door may be what dies
        await sender.send([event.raw(now_s) for event in events], [e.event_id for e in events], f"msg_{visit}")
