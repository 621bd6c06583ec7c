"""A plan goes in by three doors, a third of the sessions each: Kafka, HTTP with a signature, a Redis list.

Each sends when it is due, keeps the order of a session, repeats what was not acknowledged, and remembers when each
event was: `accepted_ms`, Unix ms by event id.
"""

from __future__ import annotations

import asyncio
import uuid
import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from time import monotonic, time
from typing import Protocol

import httpx
import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streams.signing import signed_headers
from tests.faults.feeder import Feeder
from tests.faults.matrix.arena import Arena
from tests.faults.matrix.place import SECRET, key_of
from tests.faults.plan import SHOPS, Plan, Planned

DOORS = 3
MOST = 100  # events in one piece
ANSWER_S, AGAIN_S = 12.0, 0.3
GIVE_UP_S = 100.0  # no fault lasts so long


class NotTakenError(Exception):
    """No acknowledgement; perhaps it was taken all the same."""


class Door(Protocol):
    accepted_ms: dict[str, int]
    sent: int

    async def run(self) -> None: ...


class Sender(Protocol):
    """How a piece gets through a door: `piece` as JSON objects; the ids that were acknowledged."""

    async def send(self, piece: Sequence[bytes], ids: Sequence[str], name: str) -> Sequence[str]:
        """`name` is the same when a piece is sent again. Raises NotTakenError."""


class Lane:
    """One piece after the other: the next one waits until this one was acknowledged."""

    def __init__(self, plan: Plan, sender: Sender) -> None:
        self._plan, self._sender = plan, sender
        self.accepted_ms: dict[str, int] = {}
        self.sent = 0

    async def run(self) -> None:
        started_s, waiting = time(), deque(self._plan.sends)
        while waiting:
            await asyncio.sleep(max(0.0, started_s + waiting[0].at_s - time()))
            piece: list[Planned] = []
            while waiting and len(piece) < MOST and started_s + waiting[0].at_s <= time():
                piece.append(waiting.popleft())
            if piece:
                await self._insist(piece, started_s)

    async def _insist(self, piece: Sequence[Planned], started_s: float) -> None:
        values = [planned.raw(started_s) for planned in piece]
        ids, name = [planned.event_id for planned in piece], f"msg_{uuid.uuid4()}"
        deadline_s = monotonic() + GIVE_UP_S
        self.sent += len(piece)
        while monotonic() < deadline_s:
            try:
                taken = await self._sender.send(values, ids, name)
            except NotTakenError:
                await asyncio.sleep(AGAIN_S)
            else:
                now_ms = round(time() * 1000)
                self.accepted_ms |= {event_id: now_ms for event_id in taken if event_id not in self.accepted_ms}
                return


class OverHttp:
    """`POST /v1/events` of one shop's server."""

    def __init__(self, url: str, shop: str, secret: str) -> None:
        self._url, self._shop, self._secret = f"{url}/v1/events", shop, secret

    async def send(self, piece: Sequence[bytes], ids: Sequence[str], name: str) -> Sequence[str]:
        body = b'{"events":[' + b",".join(piece) + b"]}"
        headers = signed_headers([self._secret], name, int(time()), body)
        headers |= {"X-Capi-Key": key_of(self._shop), "Content-Type": "application/json"}
        try:
            async with httpx.AsyncClient(timeout=ANSWER_S, trust_env=False) as client:
                answer = await client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise NotTakenError from error
        if answer.status_code not in (httpx.codes.OK, httpx.codes.UNPROCESSABLE_ENTITY):
            raise NotTakenError(str(answer.status_code))
        told = msgspec.json.decode(answer.content)["events"]
        return [event_id for event_id, one in zip(ids, told, strict=True) if "error" not in one]


class OverRedis:
    """LPUSH, as apps do."""

    def __init__(self, url: str, queue: str) -> None:
        self._url, self._queue = url, queue

    async def send(self, piece: Sequence[bytes], ids: Sequence[str], name: str) -> Sequence[str]:
        client = Redis.from_url(
            self._url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S, retry=Retry(NoBackoff(), 0)
        )
        try:
            await client.lpush(self._queue, *piece)
        except (RedisError, OSError) as error:
            raise NotTakenError from error
        finally:
            await client.aclose()
        return ids


def doors_of(arena: Arena, plan: Plan) -> list[Door]:
    """Those who feed speak to the doors directly, not through the wires."""
    by_kafka, by_http, by_redis = (part(plan, number) for number in range(DOORS))
    settings = arena.settings
    collect = f"http://127.0.0.1:{settings.collect_port}"
    return [
        Feeder(settings.kafka_servers, settings.topic("events"), by_kafka),
        *(Lane(of_shop(by_http, shop), OverHttp(collect, shop, arena.env[SECRET])) for shop in SHOPS),
        Lane(by_redis, OverRedis(settings.redis_url, settings.intake_queue)),
    ]


def part(plan: Plan, door: int) -> Plan:
    """The sessions that come by door 0, 1 or 2."""
    mine = (planned for planned in plan.sends if zlib.crc32(planned.session_id.encode()) % DOORS == door)
    return msgspec.structs.replace(plan, sends=tuple(mine))


def of_shop(plan: Plan, shop: str) -> Plan:
    return msgspec.structs.replace(plan, sends=tuple(one for one in plan.sends if one.shop == shop))


def accepted(doors: Sequence[Door]) -> Mapping[str, int]:
    """Of all doors: event id -> when it was acknowledged, Unix ms."""
    return {event_id: at_ms for door in doors for event_id, at_ms in door.accepted_ms.items()}
