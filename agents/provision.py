"""Plan and apply what the pipeline needs in Kafka and RabbitMQ: for `capi topics`, `queues`, `run` and `demo`."""

from __future__ import annotations

from sinks import kafka_admin
from sinks.kafka_admin import KafkaAdminError, TopicChange
from sinks.rabbit_admin import RabbitAdmin, RabbitAdminError
from sinks.topology import definitions
from sinks.topology_plan import QueueChange, difference, importable
from streams.settings import Settings
from streams.topics import topics

ProvisionError = (KafkaAdminError, RabbitAdminError)  # for `except`: the message says what to do


async def plan_topics(settings: Settings) -> list[TopicChange]:
    """What `apply_topics` would do. Raises KafkaAdminError."""
    async with kafka_admin.kafka_admin(settings.kafka_servers) as client:
        return await kafka_admin.plan(client, topics(settings))


async def apply_topics(settings: Settings) -> list[TopicChange]:
    """Create and configure the topics; returns what was done or refused. Raises KafkaAdminError."""
    async with kafka_admin.kafka_admin(settings.kafka_servers) as client:
        return await kafka_admin.apply(client, topics(settings))


def plan_queues(settings: Settings) -> list[QueueChange]:
    """What `apply_queues` would do. Raises RabbitAdminError."""
    with RabbitAdmin(settings) as admin:
        return difference(definitions(settings), admin.definitions())


def apply_queues(settings: Settings) -> list[QueueChange]:
    """Make the virtual host, exchanges, queues, bindings and policies; returns what was done, refused or is
    extra. Raises RabbitAdminError."""
    wanted = definitions(settings)
    with RabbitAdmin(settings) as admin:
        changes = difference(wanted, admin.definitions())
        if any(change.action in ("create", "change") for change in changes):
            admin.import_definitions(importable(wanted, changes))
    return changes
