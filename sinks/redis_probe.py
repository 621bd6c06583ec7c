"""Asks Redis for its version and for what it does when memory is full."""

from __future__ import annotations

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError


class RedisProbeError(Exception):
    """Redis refused or does not answer; the message says why, without the URL's password."""


class RedisFacts(msgspec.Struct, frozen=True):
    """`policy` is maxmemory-policy, `max_bytes` is 0 for no limit."""

    version: str
    policy: str
    max_bytes: int
    append_only: bool


async def redis_facts(url: str, within_s: float) -> RedisFacts:
    """Raises RedisProbeError."""
    client = Redis.from_url(
        url, socket_timeout=within_s, socket_connect_timeout=within_s, retry=Retry(NoBackoff(), 0)
    )
    try:
        info = await client.info()
    except (RedisError, OSError) as error:
        raise RedisProbeError(type(error).__name__) from error
    finally:
        await client.aclose()
    return RedisFacts(
        version=str(info["redis_version"]),
        policy=str(info.get("maxmemory_policy", "unknown")),
        max_bytes=int(info.get("maxmemory", 0)),
        append_only=bool(info.get("aof_enabled", 0)),
    )
