"""Real Kafka for tests: a namespace of its own, its topics, and what is in them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.settings import Settings, load_settings
from streams.topics import TopicSpec, topics


def fresh_settings(**overrides: Any) -> Settings:
    """Settings with a namespace that nobody else has, two partitions and no web servers."""
    values = {"namespace": f"test-{secrets.token_hex(4)}", "partitions": 2, "mirror": False}
    ports = {"web_port": 0, "metrics_port": 0}
    return load_settings(**(values | ports | overrides))


@asynccontextmanager
async def topics_of(settings: Settings, *more: TopicSpec) -> AsyncIterator[None]:
    """The namespace's topics, removed afterwards; one of `more` with a known name is instead of that one."""
    specs = {spec.name: spec for spec in (*topics(settings), *more)}.values()
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_servers)
    await admin.start()
    try:
        made = [NewTopic(s.name, s.partitions, s.replication, topic_configs=s.config) for s in specs]
        await admin.create_topics(made)
        yield
        await admin.delete_topics([s.name for s in specs])
    finally:
        await admin.close()


@contextmanager
def provisioned(settings: Settings, *more: TopicSpec) -> Iterator[None]:
    """The same for fixtures that tests share, each of which has an event loop of its own."""
    topics_made = topics_of(settings, *more)
    with asyncio.Runner() as runner:
        runner.run(topics_made.__aenter__())
        try:
            yield
        finally:
            runner.run(topics_made.__aexit__(None, None, None))


@asynccontextmanager
async def producer_of(settings: Settings, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_servers, **options)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def reader_of(
    settings: Settings, topic: str, isolation: str = "read_committed"
) -> AsyncIterator[AIOKafkaConsumer]:
    """Reads a topic's committed records from the beginning, all partitions."""
    async with consumer_of(settings, isolation) as consumer:
        consumer.assign([TopicPartition(topic, partition) for partition in range(settings.partitions)])
        yield consumer


@asynccontextmanager
async def consumer_of(settings: Settings, isolation: str = "read_committed") -> AsyncIterator[AIOKafkaConsumer]:
    """One of no group, that has nothing assigned yet."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_servers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=isolation,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def read_until(
    settings: Settings, topic: str, enough: Callable[[Sequence[ConsumerRecord]], bool], within_s: float = 30
) -> list[ConsumerRecord]:
    """Committed records until `enough` says so; fails after `within_s` with what came."""
    found: list[ConsumerRecord] = []
    deadline = monotonic() + within_s
    async with reader_of(settings, topic) as consumer:
        while not enough(found):
            assert monotonic() < deadline, f"{topic}: only {len(found)} records after {within_s} s"
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
    return found


async def read_all(settings: Settings, topic: str) -> list[ConsumerRecord]:
    """All committed records up to the end as it is now."""
    found: list[ConsumerRecord] = []
    async with reader_of(settings, topic) as consumer:
        tps = [TopicPartition(topic, partition) for partition in range(settings.partitions)]
        ends = await consumer.end_offsets(tps)
        while any([await consumer.position(tp) < ends[tp] for tp in tps]):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                found += records
    return found


async def committed_offsets(settings: Settings, group: str, topic: str) -> dict[int, int | None]:
    """Partition -> committed offset of a consumer group."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_servers)
    await admin.start()
    try:
        tps = [TopicPartition(topic, partition) for partition in range(settings.partitions)]
        found = await admin.list_consumer_group_offsets(group, partitions=tps)
        return {tp.partition: meta.offset if meta.offset >= 0 else None for tp, meta in found.items()}
    finally:
        await admin.close()


async def eventually(check: Callable[[], Any], within_s: float = 30, every_s: float = 0.1) -> Any:
    """The first true answer of `check` (sync or async); fails after `within_s`."""
    deadline = monotonic() + within_s
    while True:
        answer = check()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return answer
        assert monotonic() < deadline, f"not within {within_s} s"
        await asyncio.sleep(every_s)
