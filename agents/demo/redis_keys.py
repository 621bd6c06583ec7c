"""Redis of the demo: does it answer, and away with what carries the demo's name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from streams.settings import Settings


class RedisMissingError(Exception):
    """Redis does not answer; the message says what to do."""


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Redis]:
    redis = Redis.from_url(settings.redis_url, socket_timeout=2, socket_connect_timeout=2)
    try:
        yield redis
    finally:
        await redis.aclose()


async def check_redis(settings: Settings) -> None:
    """Raises RedisMissingError."""
    async with _connected(settings) as redis:
        try:
            await redis.ping()
        except (RedisError, OSError) as error:
            why = "Redis does not answer (CAPI_REDIS_URL): start it with `make up`, or correct the address"
            raise RedisMissingError(why) from error


async def remove_keys(settings: Settings) -> None:
    """Every key of the namespace; a Redis that is gone keeps them until their time is over."""
    with suppress(RedisError, OSError):
        async with _connected(settings) as redis:
            async for key in redis.scan_iter(match=f"{settings.namespace}:*", count=1_000):
                await redis.delete(key)
