"""What the demo makes before it starts and removes when it ends, in Kafka, RabbitMQ and Redis."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from agents.demo.redis_keys import check_redis, remove_keys
from agents.provision import apply_queues, apply_topics
from sinks.kafka_admin import KafkaAdminError, kafka_admin
from sinks.rabbit_admin import RabbitAdmin, RabbitAdminError
from streams.settings import Settings
from streams.topics import topics


async def make(settings: Settings) -> None:
    """Topics and queues. Raises KafkaAdminError, RabbitAdminError or RedisMissingError, which say what to do."""
    await check_redis(settings)
    await apply_topics(settings)
    await asyncio.to_thread(apply_queues, settings)  # not beside the topics: a thread cannot be cancelled


async def remove(settings: Settings) -> None:
    """All that carries the demo's name. What is down by now is left as it is."""
    with suppress(RabbitAdminError):
        await asyncio.to_thread(_delete_vhost, settings)
    with suppress(KafkaAdminError):
        async with kafka_admin(settings.kafka_servers, within_s=3) as client:
            await client.delete_topics([spec.name for spec in topics(settings)])
    await remove_keys(settings)


def _delete_vhost(settings: Settings) -> None:
    with RabbitAdmin(settings) as admin:
        admin.delete_vhost()
