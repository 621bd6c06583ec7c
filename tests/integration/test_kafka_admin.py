"""The topic provisioner on a real Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from agents.provision import apply_topics, plan_topics
from sinks.kafka_admin import KafkaAdminError, kafka_admin, plan, read_topics
from streams.settings import Settings, load_settings
from streams.topics import changelog_topic, topics

pytestmark = pytest.mark.stack


@pytest.fixture
def settings() -> Settings:
    return load_settings(namespace=f"test-{uuid4().hex[:12]}", partitions=2, replication=1)


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    async with kafka_admin(settings.kafka_servers) as client:
        yield client
        await client.delete_topics([spec.name for spec in topics(settings)])


async def set_own(client: AIOKafkaAdminClient, topic: str, values: dict[str, str]) -> None:
    await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, values)])


async def test_applying_twice_changes_nothing_and_a_plan_says_so(
    settings: Settings, client: AIOKafkaAdminClient
) -> None:
    assert {change.action for change in await plan_topics(settings)} == {"create"}
    assert len(await apply_topics(settings)) == len(topics(settings))
    assert await plan_topics(settings) == []
    assert await apply_topics(settings) == []


async def test_the_topics_are_as_specified(settings: Settings, client: AIOKafkaAdminClient) -> None:
    await apply_topics(settings)
    found = await read_topics(client, [spec.name for spec in topics(settings)])
    assert {topic.partitions for topic in found.values()} == {2}
    assert found[settings.topic("sessions.in")].config["message.timestamp.type"] == "LogAppendTime"
    assert found[settings.topic("events")].config["retention.ms"] == "86400000"
    assert found[changelog_topic(settings)].config["cleanup.policy"] == "compact"


async def test_drift_is_repaired_and_an_operators_own_setting_stays(
    settings: Settings, client: AIOKafkaAdminClient
) -> None:
    await apply_topics(settings)
    batches = settings.topic("batches")
    await set_own(client, batches, {"retention.ms": "1000", "max.message.bytes": "2000000"})
    async with asyncio.timeout(10):
        while not (changes := await plan_topics(settings)):
            await asyncio.sleep(0.05)
    [drift] = changes
    assert (drift.topic, drift.action) == (batches, "configure")
    assert "retention.ms: 1000 -> 604800000" in drift.why
    await apply_topics(settings)
    [found] = (await read_topics(client, [batches])).values()
    assert found.config["retention.ms"] == str(7 * 86_400_000)
    assert found.config["max.message.bytes"] == "2000000"
    assert await plan_topics(settings) == []


async def test_other_partition_counts_are_refused_and_left(
    settings: Settings, client: AIOKafkaAdminClient
) -> None:
    await apply_topics(settings)
    wider = settings.model_copy(update={"partitions": 4})
    assert {change.action for change in await apply_topics(wider)} == {"refused"}
    assert await plan(client, topics(settings)) == []


async def test_more_copies_than_brokers_says_which_topic(settings: Settings, client: AIOKafkaAdminClient) -> None:
    with pytest.raises(KafkaAdminError, match=r"topic test-.*events"):
        await apply_topics(settings.model_copy(update={"replication": 99}))


async def test_a_broker_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(KafkaAdminError, match="make up"):
        await plan_topics(load_settings(kafka_url="kafka://127.0.0.1:1"))
