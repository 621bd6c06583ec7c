"""What was never acknowledged is sent again, from real batches and outcomes in Kafka to a real RabbitMQ."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import time

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.producer import AIOKafkaProducer

from agents.platforms import running_platforms
from sinks.deliver.letters import ATTEMPT, own_headers
from sinks.rabbit import Publisher
from sinks.replay.fresh import REPLAYED
from sinks.replay.run import Replay
from sinks.replay.slices import SliceError
from sinks.replay.wanted import Wanted
from sinks.tombstones import TombstoneReader
from streams.events import Batch, Enriched, Job, Outcome, OutcomeClass, decode_job, encode
from streams.settings import Settings
from tests.integration.parked_jobs import capi
from tests.integration.test_deliver import all_taken, delivering, job, publish, queue_has, taken
from tests.kafka import producer_of, topics_of
from tests.rabbit import META, TIKTOK, eventually, rabbit_settings, ready, take_all

pytestmark = pytest.mark.stack

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


def now_ms() -> int:
    return int(time() * 1000)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with rabbit_settings(tmp_path, partitions=2) as made:
        yield made


def batch(jobs: Sequence[Job], at_ms: int, tenant: str = "default", session_id: str = "s") -> Batch:
    events = [msgspec.structs.replace(j.event, tenant=tenant, session_id=session_id) for j in jobs]
    return Batch(
        batch_id=f"b-{session_id}-{at_ms}",
        tenant=tenant,
        session_id=session_id,
        reason="idle",
        partition=0,
        first_offset=0,
        opened_at_ms=at_ms,
        flushed_at_ms=at_ms,
        events=tuple(Enriched(event=event) for event in events),
    )


def outcome(sent: Job, what: OutcomeClass = "delivered") -> Outcome:
    return Outcome(
        job_id=sent.job_id,
        tenant=sent.event.tenant,
        session_id="s",
        platform=sent.platform,
        pixel_id=sent.pixel_id,
        event_id=sent.event.event_id,
        event_name=sent.event_name,
        attempt=1,
        outcome=what,
        at_ms=now_ms(),
    )


async def put(producer: AIOKafkaProducer, topic: str, value: Batch | Outcome, at_ms: int) -> None:
    key = f"{value.tenant}|{value.session_id}".encode()
    await producer.send_and_wait(topic, encode(value), key=key, timestamp_ms=at_ms)


@asynccontextmanager
async def kafka(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    async with topics_of(settings), producer_of(settings) as producer:
        yield producer


async def replay(
    settings: Settings, since_ms: int, until_ms: int = 0, dry: bool = False, **filters: str
) -> Replay:
    publisher = None if dry else Publisher(settings)
    tenant = settings.tenant_map.tenants["default"]
    wanted = Wanted(tenant="default", **filters)
    running = Replay(settings, tenant, wanted, since_ms, until_ms, publisher=publisher)
    try:
        await running.run()
    finally:
        if publisher is not None:
            await publisher.close()
    return running


async def sent_to(settings: Settings, queue: str) -> set[tuple[str, str]]:
    """Pixel and event_id of each job in a queue."""
    jobs = [decode_job(message.body) for message in await take_all(settings, queue)]
    return {(found.pixel_id, found.event.event_id) for found in jobs}


async def test_only_what_was_never_acknowledged_is_sent(settings: Settings) -> None:
    jobs = [job(n) for n in range(10)]
    at_ms = now_ms() - HOUR_MS
    async with kafka(settings) as producer:
        await put(producer, settings.topic("batches"), batch(jobs, at_ms), at_ms)
        await put(producer, settings.topic("batches"), batch([job(77)], at_ms, "other"), at_ms)
        await put(producer, settings.topic("batches"), batch([job(78)], at_ms - DAY_MS), at_ms - DAY_MS)
        for delivered in jobs[:4]:
            await put(producer, settings.topic("outcomes"), outcome(delivered), at_ms + 1000)
        await put(producer, settings.topic("outcomes"), outcome(jobs[4], "transient"), at_ms + 1000)
        await put(producer, settings.topic("outcomes"), outcome(jobs[5], "invalid"), at_ms + 1000)

        dry = await replay(settings, at_ms, dry=True)
        assert dry.sent == 0
        assert await ready(settings, "meta_queue") == 0

        done = await replay(settings, at_ms)
    assert done.counts == dry.counts
    assert done.counts["delivered", "meta", META] == 4
    assert done.counts["settled", "meta", META] == 1
    assert done.counts["send", "meta", META] == 5
    assert done.counts["send", "tiktok", TIKTOK] == 10
    assert done.sent == 5 + 10 + 10  # the second Meta pixel has acknowledged nothing either
    meta = await sent_to(settings, "meta_queue")
    assert {event for pixel, event in meta if pixel == META} == {f"e-{n}" for n in (4, 6, 7, 8, 9)}
    assert await sent_to(settings, "tiktok_queue") == {(TIKTOK, f"e-{n}") for n in range(10)}


async def test_filters_times_and_deterministic_messages(settings: Settings) -> None:
    at_ms = now_ms() - 10 * HOUR_MS
    async with kafka(settings) as producer:
        for hour in range(5):
            name = "Purchase" if hour % 2 else "ViewContent"
            one = batch([job(hour, name)], at_ms + hour * HOUR_MS)
            await put(producer, settings.topic("batches"), one, at_ms + hour * HOUR_MS)
        times = at_ms + HOUR_MS, at_ms + 4 * HOUR_MS
        for _ in range(2):
            done = await replay(settings, *times, platform="meta", pixel=META, event="Purchase")
            assert done.sent == 2
    messages = await take_all(settings, "meta_queue")
    assert [decode_job(message.body).event.event_id for message in messages] == ["e-1", "e-3"] * 2
    ids = [message.header.properties.message_id for message in messages]
    assert ids[:2] == ids[2:]
    headers = own_headers(messages[0].header.properties.headers or {})
    assert headers.keys() == {ATTEMPT, REPLAYED}
    assert headers[ATTEMPT] == 1


async def test_an_aborted_transaction_is_no_batch(settings: Settings) -> None:
    at_ms = now_ms() - HOUR_MS
    async with (
        kafka(settings) as producer,
        producer_of(settings, transactional_id=f"{settings.namespace}-t") as transactional,
    ):
        await put(producer, settings.topic("batches"), batch([job(1)], at_ms), at_ms)
        await transactional.begin_transaction()
        await put(transactional, settings.topic("batches"), batch([job(2)], at_ms), at_ms)
        await transactional.abort_transaction()
        done = await replay(settings, at_ms, platform="tiktok")
    assert done.sent == 1
    assert await sent_to(settings, "tiktok_queue") == {(TIKTOK, "e-1")}


async def test_past_the_stores_memory_only_what_outcomes_can_tell_of(settings: Settings) -> None:
    old_ms = now_ms() - 3 * DAY_MS
    jobs = [job(n, event_time_ms=old_ms) for n in range(4)]
    outcomes = settings.topic("outcomes")
    async with kafka(settings) as producer:
        await put(producer, settings.topic("batches"), batch(jobs, old_ms), old_ms)
        await put(producer, outcomes, outcome(jobs[0]), old_ms + 1000)
        told = await replay(settings, old_ms, dry=True, platform="meta", pixel=META)
        assert told.counts == {("delivered", "meta", META): 1, ("send", "meta", META): 3}

        await put(producer, outcomes, outcome(jobs[1]), old_ms + 2000)
        await _forget_first(settings, outcomes)
        untold = await replay(settings, old_ms, platform="meta", pixel=META)
    assert untold.counts == {("delivered", "meta", META): 1, ("unknown", "meta", META): 3}
    assert untold.sent == 0


async def _forget_first(settings: Settings, topic: str) -> None:
    """As retention does: the first record of each partition that has one."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_servers)
    await admin.start()
    partitions = [TopicPartition(topic, number) for number in range(settings.partitions)]
    try:
        for partition in partitions:
            await _delete_before(admin, partition, 1)
    finally:
        await admin.close()


async def _delete_before(admin: AIOKafkaAdminClient, partition: TopicPartition, offset: int) -> None:
    try:
        await admin.delete_records({partition: RecordsToDelete(before_offset=offset)})
    except Exception as error:  # the other partition is empty
        assert "OffsetOutOfRange" in type(error).__name__


async def test_the_store_catches_what_outcomes_do_not_tell(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_ms = now_ms() - HOUR_MS
    monkeypatch.setattr("sinks.deliver.service.TombstoneReader", lambda _: TombstoneReader(settings))
    async with running_platforms() as platforms, kafka(settings) as producer:
        urls = {"meta_url": platforms.url, "tiktok_url": platforms.url}
        here = settings.model_copy(update=urls)
        jobs = [job(n) for n in range(6)]
        await put(producer, settings.topic("batches"), batch(jobs, at_ms), at_ms)
        await publish(here, jobs[:3])
        async with delivering(here.model_copy(update={"kafka_url": "kafka://127.0.0.1:9"})):
            await eventually(all_taken(platforms, 3), 20, "three are accepted, and no outcome tells it")
            await eventually(queue_has(here, "meta_queue", 0), 10, "settled")
        done = await replay(here, at_ms, platform="meta", pixel=META)
        assert done.sent == 6
        async with delivering(here):
            await eventually(all_taken(platforms, 6), 20, "the three others are accepted")
            await eventually(queue_has(here, "meta_queue", 0), 10, "settled")
        assert taken(platforms) == {f"meta:e-{n}": 1 for n in range(6)}


async def test_without_the_topic_it_says_what_to_do(settings: Settings) -> None:
    missing = settings.model_copy(update={"kafka_url": "kafka://127.0.0.1:9"})
    with pytest.raises(SliceError, match="Kafka does not answer"):
        await replay(missing, now_ms() - HOUR_MS)


async def test_the_command_counts_and_sends(settings: Settings, tmp_path: Path) -> None:
    at_ms = now_ms() - HOUR_MS
    async with kafka(settings) as producer:
        await put(producer, settings.topic("batches"), batch([job(1), job(2)], at_ms), at_ms)
        arguments = ("replay", "--since", "2h", "--tenant", "default", "--platform", "tiktok")
        dry = capi(settings, tmp_path, *arguments, "--dry-run")
        expected = [{"fate": "send", "platform": "tiktok", "pixel": TIKTOK, "jobs": 2}]
        assert (dry["sent"], dry["jobs"]) == (0, expected)
        done = capi(settings, tmp_path, *arguments)
        assert (done["sent"], done["jobs"]) == (2, expected)
    assert await ready(settings, "tiktok_queue") == 2
    capi(settings, tmp_path, *arguments[:3], "--tenant", "nobody", code=2)
    assert "nobody is not in the tenants file" in (tmp_path / "capi.log").read_text()
