"""Logins that were ended by logout, for all workers of the console: in Redis, and in this process before it.

Redis key `<namespace>:logout:<ident>`, gone when the login would have ended anyway. While Redis does not answer, a
worker knows of the logouts that it saw itself; the browser has lost the cookie in any case.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from math import ceil

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streams.settings import Settings

log = structlog.get_logger(__name__)

BREAK_S = 5.0  # after a failure Redis is left alone this long
GOOD_S = 2.0  # an answer "still on" counts this long
MOST = 10_000
ERRORS = (RedisError, OSError, TimeoutError)


class EndedLogins:
    """Neither method fails."""

    def __init__(self, settings: Settings) -> None:
        self._prefix = f"{settings.namespace}:logout:"
        self._timeout_s, self._ttl_s = settings.redis_timeout_s, ceil(settings.console_session_s)
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._on_until: OrderedDict[str, float] = OrderedDict()
        self._break_until_s = float("-inf")
        self._redis = Redis.from_url(
            settings.redis_url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=self._timeout_s,
            socket_connect_timeout=self._timeout_s,
        )

    async def end(self, ident: str) -> None:
        self._remember(ident)
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._redis.set(self._prefix + ident, b"1", ex=self._ttl_s)
        except ERRORS as error:
            log.warning("a logout is known to this worker only", why=type(error).__name__)

    async def is_ended(self, ident: str) -> bool:
        now_s = time.monotonic()
        if ident in self._ended or self._on_until.get(ident, 0) > now_s or now_s < self._break_until_s:
            return ident in self._ended
        try:
            async with asyncio.timeout(self._timeout_s):
                found = bool(await self._redis.exists(self._prefix + ident))
        except ERRORS:
            self._break_until_s = now_s + BREAK_S
            return False
        if found:
            self._remember(ident)
        else:
            self._on_until[ident] = now_s + GOOD_S
            if len(self._on_until) > MOST:
                self._on_until.popitem(last=False)
        return found

    async def close(self) -> None:
        with suppress(*ERRORS):
            await self._redis.aclose()

    def _remember(self, ident: str) -> None:
        self._ended[ident] = None
        if len(self._ended) > MOST:
            self._ended.popitem(last=False)
