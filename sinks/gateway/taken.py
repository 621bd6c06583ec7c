"""At the centre: which batches were taken, so that a repeated one is answered and not published again.

Key: `<namespace>:taken:<site>:<batch_id>` is the SHA-256 of the batch. Without Redis this process's own memory
answers. What both have forgotten is published again with the same ids, and delivery sends each job once.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import ceil
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streams.settings import Settings

log = structlog.get_logger(__name__)

REMEMBERED = 20_000
BREAK_S = 5.0  # after a failure Redis is left alone this long
ERRORS = (RedisError, OSError, TimeoutError)


class TakenBatches:
    def __init__(self, settings: Settings, now_s: Callable[[], float] = time.monotonic) -> None:
        self._prefix = f"{settings.namespace}:taken:"
        self._ttl_s = ceil(settings.gateway_taken_s)
        self._timeout_s, self._now_s = settings.redis_timeout_s, now_s
        self._closed_until_s = 0.0
        self._own: OrderedDict[str, str] = OrderedDict()
        self._redis = Redis.from_url(
            settings.redis_url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=self._timeout_s,
            socket_connect_timeout=self._timeout_s,
            decode_responses=True,
        )

    async def digest(self, site: str, batch_id: str) -> str:
        """Of the batch that was taken, "" when none is known."""
        name = f"{site}:{batch_id}"
        return self._own.get(name) or await self._ask(self._redis.get, self._prefix + name) or ""

    async def remember(self, site: str, batch_id: str, digest: str) -> None:
        """Only when its jobs are safe."""
        name = f"{site}:{batch_id}"
        self._own[name] = digest
        while len(self._own) > REMEMBERED:
            self._own.popitem(last=False)
        await self._ask(self._redis.set, self._prefix + name, digest, ex=self._ttl_s)

    async def close(self) -> None:
        with suppress(*ERRORS):
            await self._redis.aclose()

    async def _ask(self, command: Callable[..., Awaitable[Any]], *args: object, **options: object) -> Any:
        if self._now_s() < self._closed_until_s:
            return None
        try:
            async with asyncio.timeout(self._timeout_s):
                return await command(*args, **options)
        except ERRORS as error:
            self._closed_until_s = self._now_s() + BREAK_S
            log.warning("Redis does not answer; taking batches without it", why=type(error).__name__)
            return None
