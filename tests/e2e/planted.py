"""A value that no door ever saw, put where the search looks: so it is known that it looks there, and sees."""

from __future__ import annotations

from base64 import b64encode

from redis.asyncio import Redis

from sinks.rabbit import Message, Publisher
from sinks.rabbit_admin import RabbitAdmin
from streams.settings import Settings
from streams.topics import topics
from tests.kafka import producer_of


async def in_topics(settings: Settings, value: str) -> set[str]:
    """In every topic that workers read and that may not hold it; a changelog is for workers alone to write."""
    names = {spec.name for spec in topics(settings)} - {settings.topic("events")}
    names = {name for name in names if not name.endswith("-changelog")}
    async with producer_of(settings) as producer:
        for name in names:
            await producer.send_and_wait(name, f'{{"no": "{value}"}}'.encode(), b"planted", 0)
    return {f"{name}-0" for name in names}


async def in_queues(settings: Settings, value: str, but: str) -> set[str]:
    """In every queue, by the exchange that knows queues by their names; `but` one that messages leave at once."""
    with RabbitAdmin(settings) as admin:
        names = sorted(set(admin.message_counts()) - {but})
    publisher = Publisher(settings, "planted")
    try:
        for name in names:
            headers: dict[str, str | int] = {"capi-last-error": value}
            body = b64encode(f"who: {value}".encode())
            await publisher.publish(
                "", [Message(routing_key=name, message_id="planted", body=body, headers=headers)]
            )
    finally:
        await publisher.close()
    return set(names)


async def in_redis(settings: Settings, value: str) -> set[str]:
    """In a key of every kind, and in a name."""
    prefix, much = f"{settings.namespace}:planted", value * 50  # which `DUMP` would compress
    async with Redis.from_url(settings.redis_url) as redis:
        await redis.set(f"{prefix}:text", much, ex=60)
        await redis.set(f"{prefix}:name:{value}", 1, ex=60)
        await redis.rpush(f"{prefix}:list", much)
        await redis.hset(f"{prefix}:hash", "field", much)
        await redis.sadd(f"{prefix}:set", much)
        await redis.zadd(f"{prefix}:sorted", {much: 1})
        await redis.xadd(f"{prefix}:stream", {"field": much})
        kinds = ("list", "hash", "set", "sorted", "stream")
        for kind in kinds:
            await redis.expire(f"{prefix}:{kind}", 60)
    return {f"Redis {prefix}:{kind}" for kind in ("text", f"name:{value}", *kinds)}
