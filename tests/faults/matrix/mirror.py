"""Is the picture of open sessions in Redis right? Asked of a few sessions of our own, open just now.

Each sends two events. While it is open its list in Redis must be as long as the session workers say, and be gone
when the session is. A mirror that Redis was away from may take some seconds until it draws again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from time import monotonic, time
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis
from redis.exceptions import RedisError

from agents.access.users import User
from agents.session_workers import SessionsError, SessionWorkers
from sinks.redis_mirror import redis_key
from streams.events import session_key
from streams.settings import Settings
from tests.faults.plan import SHOPS

SAMPLE, EVENTS_EACH = 6, 2
LOOK_S = 0.1
WITHIN_S, WATCH_S, GONE_WITHIN_S = 30.0, 25.0, 15.0
SHOP = SHOPS[0]  # holds by session
LEFT = "a list is left of a session that is over"
USER = User("tests", "viewer")


class Seen(NamedTuple):
    """Events that the worker holds and that its list has; `why` there was no answer."""

    held: int = 0
    drawn: int = 0
    why: str = ""

    def __str__(self) -> str:
        return self.why or f"{self.held} held, {self.drawn} drawn"


RIGHT = Seen(EVENTS_EACH, EVENTS_EACH)


def is_over(seen: Sequence[Seen]) -> bool:
    """Seen right, or it came and left without that. What has not come yet proves nothing."""
    came = any(each.held or each.drawn for each in seen)
    return RIGHT in seen or (came and seen[-1] == Seen())


class MirrorCheck:
    """`run` finds the differences; ids begin with `extra-`, so the verdict leaves them alone."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self._settings, self._seed, self._round = settings, seed, 0
        self._redis = Redis.from_url(settings.redis_url, socket_timeout=5)

    async def run(self) -> list[str]:
        """Of sessions of the last sample whose list was never right, or was left behind: what was seen last.
        Raises KafkaError."""
        deadline_s = monotonic() + WITHIN_S
        try:
            async with SessionWorkers(self._settings) as workers:
                while True:
                    sessions = await self._open_some()
                    wrong = await self._watch(workers, sessions)
                    if not wrong or monotonic() > deadline_s:
                        return [*wrong, *await self.left(sessions)]
        finally:
            await self._redis.aclose()

    async def left(self, session_ids: Iterable[str]) -> list[str]:
        """Of lists of sessions that are over, once they had the time to go."""
        keys = [self._key(session_id) for session_id in session_ids]
        deadline_s = monotonic() + GONE_WITHIN_S
        while (left := await self._redis.exists(*keys)) and monotonic() < deadline_s:
            await asyncio.sleep(LOOK_S)
        return [LEFT] * int(left)

    async def _open_some(self) -> Sequence[str]:
        self._round += 1
        sessions = [f"extra-m{self._seed}-{self._round}-{number}" for number in range(SAMPLE)]
        producer = AIOKafkaProducer(bootstrap_servers=self._settings.kafka_servers, acks="all")
        await producer.start()
        try:
            for session_id in sessions:
                for number in range(EVENTS_EACH):
                    value, key = _event(session_id, number), session_key(SHOP, session_id)
                    await producer.send_and_wait(self._settings.topic("events"), value, key)
        finally:
            await producer.stop()
        return sessions

    async def _watch(self, workers: SessionWorkers, sessions: Sequence[str]) -> list[str]:
        """Of those that were not seen as they are until they were over: all that was seen."""
        seen = {session_id: list[Seen]() for session_id in sessions}
        waiting, deadline_s = set(sessions), monotonic() + WATCH_S
        while waiting and monotonic() < deadline_s:
            for session_id in [*waiting]:
                now = await self._look(workers, session_id)
                if now not in seen[session_id][-1:]:
                    seen[session_id].append(now)
                if is_over(seen[session_id]):
                    waiting.discard(session_id)
            await asyncio.sleep(LOOK_S)
        return [f"{each}: {', then '.join(map(str, saw))}" for each, saw in seen.items() if RIGHT not in saw]

    async def _look(self, workers: SessionWorkers, session_id: str) -> Seen:
        try:
            view = await workers.show(USER, SHOP, session_id)
            drawn = int(await self._redis.llen(self._key(session_id)))
        except (SessionsError, RedisError) as error:
            return Seen(why=str(error))
        return Seen(len(view.events) if view else 0, drawn)

    def _key(self, session_id: str) -> bytes:
        return redis_key(self._settings.namespace, session_key(SHOP, session_id))


async def left_over(settings: Settings, seed: int) -> list[str]:
    """Of lists of a run whose sessions are all over, once they had the time to go."""
    redis = Redis.from_url(settings.redis_url, socket_timeout=5)
    deadline_s = monotonic() + GONE_WITHIN_S
    try:
        while True:
            pattern = f"{settings.namespace}:session:*|s{seed}-*"
            keys = [key async for key in redis.scan_iter(pattern, count=1000)]
            if not keys or monotonic() > deadline_s:
                return [LEFT] * len(keys)
            await asyncio.sleep(LOOK_S)
    finally:
        await redis.aclose()


def _event(session_id: str, number: int) -> bytes:
    return msgspec.json.encode(
        {
            "event_id": f"{session_id}-{number}",
            "event_name": "ViewContent",
            "timestamp": time(),
            "tenant": SHOP,
            "session_id": session_id,
            "user_data": {"client_ip": "192.0.2.7", "client_user_agent": "Mozilla/5.0 (X11; Linux x86_64)"},
        }
    )
