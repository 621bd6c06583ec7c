"""The Redis mirror: list `capi:session:{id}` shows a session's open events, for reading only.

The mirror is a picture of the sessions table and never its source. The agent only says which keys changed
(`touch`, a set); a background task draws their *current* state. So a slow Redis costs neither time nor memory:

| Redis        | what happens                                                                     |
|--------------|----------------------------------------------------------------------------------|
| answers      | a changed list is rewritten whole, in one MULTI, within about 0.1 s               |
| refuses      | keys stay in the set, the pause grows to 10 s                                    |
| freezes      | the same, after one time-out                                                     |
| comes back   | every open session is drawn again, as after every connect: it may be empty       |
| was emptied  | the same within LOOK_S: this worker's sign, `<namespace>:mirror:<worker>`, is gone |
| away for long| above 50,000 keys the set is dropped: the redrawing of all covers it             |
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

import structlog
from prometheus_client import Counter, Gauge
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streams.settings import Settings

log = structlog.get_logger(__name__)

WRITTEN = Counter("capi_mirror_written_total", "Session lists written to or removed from Redis")
FAILED = Counter("capi_mirror_failed_total", "Writes to Redis that failed and will be drawn again")
DIRTY = Gauge("capi_mirror_dirty", "Sessions whose list in Redis is behind")

CHUNK_KEYS = 200
CHUNK_BYTES = 262_144  # a reading stops here, so that a chunk of large sessions does not hold the event loop
MOST_DIRTY = 50_000
GATHER_S = 0.05  # changes of one session that follow each other this closely are drawn once
IDLE_SHARE = 4  # the loop gets this many times the time that a drawing took: at most a fifth goes to Redis
LOOK_S = 5.0  # with nothing to draw, this often: does Redis still have what was drawn?
FIRST_PAUSE_S, MOST_PAUSE_S = 0.25, 10.0
SPARE_TTL_S = 60

Read = Callable[[bytes], Sequence[bytes] | None]
Drawing = dict[bytes, Sequence[bytes] | None]


def redis_key(namespace: str, session_key: bytes) -> bytes:
    """`capi:session:{id}` for tenant `default`, `capi:session:{tenant}|{id}` for others."""
    return namespace.encode() + b":session:" + session_key.removeprefix(b"default|")


def mirror_ttl_s(settings: Settings) -> int:
    """Past the longest time that a session can be open: what is left behind by a crash goes by itself."""
    return math.ceil(settings.max_age_s + settings.idle_s + settings.grace_s) + SPARE_TTL_S


class Mirror:
    """`read(session key)` gives the encoded open events, or None when nothing is open: the list is removed.

    `everything()` gives a snapshot of all session keys of the table. Both are called on the event loop.
    """

    def __init__(
        self,
        url: str,
        namespace: str,
        ttl_s: int,
        timeout_s: float,
        read: Read,
        everything: Callable[[], Iterable[bytes]],
        *,
        enabled: bool = True,
    ) -> None:
        self._url, self._namespace, self._ttl_s, self._timeout_s = url, namespace, ttl_s, timeout_s
        self._read, self._everything, self._enabled = read, everything, enabled
        self._dirty: set[bytes] = set()
        self._redraw_all = False
        self._walk: Iterator[bytes] = iter(())
        self._away = False
        self._sign, self._signed = f"{namespace}:mirror:{secrets.token_hex(8)}", False
        self._changed = asyncio.Event()

    @classmethod
    def of(cls, settings: Settings, read: Read, everything: Callable[[], Iterable[bytes]]) -> Mirror:
        """The mirror as the settings want it; with CAPI_MIRROR=false it does nothing."""
        return cls(
            settings.redis_url,
            settings.namespace,
            mirror_ttl_s(settings),
            settings.redis_timeout_s,
            read,
            everything,
            enabled=settings.mirror,
        )

    def touch(self, keys: Iterable[bytes]) -> None:
        """These sessions changed. Never waits, never fails; call it once the change is committed."""
        if not self._enabled:
            return
        self._dirty.update(keys)
        if len(self._dirty) > MOST_DIRTY:
            self._dirty.clear()
            self._redraw_all = True
        DIRTY.set(len(self._dirty))
        self._changed.set()

    def start_over(self, keys: Iterable[bytes]) -> None:
        """Partitions changed hands: draw `keys`, all that this worker has now, and leave all other lists alone.

        What was still to be drawn may be another worker's by now, and drawn from here it would be removed.
        """
        self._dirty.clear()
        self._start_anew()
        self.touch(keys)

    async def run(self) -> None:
        """Draw until cancelled."""
        if not self._enabled:
            return
        redis = self._client()
        try:
            while not _cancelled():
                if await self._changed_within(LOOK_S):
                    await asyncio.sleep(GATHER_S)
                else:
                    await self._written(redis, {})
                await self._draw_all(redis)
        finally:
            with suppress(RedisError, OSError):
                await redis.aclose()

    async def _changed_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        changed = self._changed.is_set()
        self._changed.clear()
        return changed

    def _client(self) -> Redis:
        # redis-py's default retries store a list twice and wait for seconds; one try, and the set remembers
        return Redis.from_url(
            self._url,
            socket_timeout=self._timeout_s,
            socket_connect_timeout=self._timeout_s,
            retry=Retry(NoBackoff(), 0),
            redis_connect_func=self._on_connect,
        )

    async def _on_connect(self, connection: AbstractConnection) -> None:
        await connection.on_connect()
        self._start_anew()

    def _start_anew(self) -> None:
        self._walk, self._redraw_all = iter(()), True

    async def _draw_all(self, redis: Redis) -> None:
        """Until nothing is behind. A failure lengthens the pause; the keys go back into the set."""
        pause_s = FIRST_PAUSE_S
        while not _cancelled() and (keys := self._next_keys()):
            started_s = time.monotonic()
            drawing = self._drawing(keys)
            spent_s = time.monotonic() - started_s
            if await self._written(redis, drawing):
                pause_s = FIRST_PAUSE_S
                await asyncio.sleep(IDLE_SHARE * spent_s)
            else:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, MOST_PAUSE_S)

    def _next_keys(self) -> list[bytes]:
        keys = [*islice(self._dirty, CHUNK_KEYS)] or [*islice(self._walk, CHUNK_KEYS)]
        if not keys and self._redraw_all:
            self._redraw_all = False
            self._walk = iter(self._everything())
            keys = [*islice(self._walk, CHUNK_KEYS)]
        return keys

    def _drawing(self, keys: Iterable[bytes]) -> Drawing:
        """Key -> what its list shows now. Keys that are not reached within the byte limit become dirty."""
        drawing: Drawing = {}
        size = 0
        for key in keys:
            if size > CHUNK_BYTES:
                self._dirty.add(key)
                continue
            self._dirty.discard(key)
            drawing[key] = events = self._read(key)
            size += sum(map(len, events or ()))
        return drawing

    async def _written(self, redis: Redis, drawing: Drawing) -> bool:
        try:
            async with asyncio.timeout(4 * self._timeout_s):
                await self._write(redis, drawing)
        except (RedisError, OSError, TimeoutError) as error:
            self._failed(drawing, error)
            with suppress(RedisError, OSError):
                await redis.connection_pool.disconnect()  # half an answer may still be in the socket
            return False
        self._away = False
        WRITTEN.inc(len(drawing))
        DIRTY.set(len(self._dirty))
        return True

    def _failed(self, drawing: Drawing, error: Exception) -> None:
        if not self._away:
            log.warning("Redis does not take the mirror; it is drawn anew once it does", why=type(error).__name__)
        self._away = True
        FAILED.inc(len(drawing))
        self.touch(drawing)

    async def _write(self, redis: Redis, drawing: Drawing) -> None:
        async with redis.pipeline(transaction=True) as pipe:
            if not self._signed:  # older than all that is drawn from here on: it cannot go unnoticed
                pipe.set(self._sign, 1)
            for session_key, events in drawing.items():
                key = redis_key(self._namespace, session_key)
                pipe.delete(key)
                if events:
                    pipe.rpush(key, *events)
                    pipe.expire(key, self._ttl_s)
            pipe.expire(self._sign, self._ttl_s)  # also with nothing to draw: a new connection shows as well
            *_, self._signed = await pipe.execute()
        if not self._signed:
            self._start_anew()


def _cancelled() -> bool:
    # redis-py waits with asyncio.wait_for, and that of Python 3.11 loses a cancellation which comes in the
    # moment of its result: the task would go on for ever
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
