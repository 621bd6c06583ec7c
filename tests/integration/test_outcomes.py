"""Outcome records: in Kafka when it is there, dropped and counted when it is not, and waited for once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import NotLeaderForPartitionError
from aiokafka.producer.message_accumulator import BatchBuilder

from sinks import outcomes as module
from sinks.deliver.letters import read_letter
from sinks.deliver.policy import Ack, Retry
from sinks.deliver.settle import Held, outcome
from sinks.outcomes import DROPPED, Outcomes
from sinks.topology import Rung
from streams.events import Outcome, decode_outcome, encode, session_key
from streams.settings import load_settings
from tests.kafka import fresh_settings, read_all, read_until, topics_of
from tests.unit.deliver_letters import NOW_MS, job

pytestmark = pytest.mark.stack


def letters(count: int) -> list[Outcome]:
    found = []
    for number in range(count):
        letter = read_letter(encode(job(number)), {"capi-attempt": 2}, "meta.view", NOW_MS)
        retry = Retry(outcome="throttled", why="rate limit", code="80004", rung=Rung(300))
        delivered = Ack(outcome="delivered", trace_id="t", http_status=200, latency_ms=40)
        held = Held(letter.job.job_id, letter, [])
        found.append(outcome(held, retry if number == 0 else delivered, NOW_MS + 1500))
    return found


async def test_recorded_outcomes_are_in_the_topic() -> None:
    settings = fresh_settings()
    async with topics_of(settings):
        sender = Outcomes(settings)
        sender.start()
        telling = asyncio.create_task(sender.tell(letters(3000)))
        await asyncio.sleep(0)
        await sender.close()  # at once: nothing was sent yet
        await telling
        records = await read_until(settings, settings.topic("outcomes"), lambda found: len(found) >= 3000)
    by_event = {decode_outcome(record.value).event_id: record for record in records}
    assert len(by_event) == 3000
    first = decode_outcome(by_event["e-0"].value)
    assert (first.outcome, first.code, first.retry_in_s, first.attempt, first.parked) == (
        "throttled",
        "80004",
        300,
        2,
        False,
    )
    second = decode_outcome(by_event["e-1"].value)
    assert (second.http_status, second.latency_ms, second.age_ms, second.waited_ms) == (200, 40, 1500, 1500)
    assert by_event["e-7"].key == session_key("default", "s-7")


async def test_who_has_told_may_acknowledge() -> None:
    settings = fresh_settings()
    async with topics_of(settings):
        sender = Outcomes(settings)
        sender.start()
        await sender.tell(letters(300))
        there = await read_all(settings, settings.topic("outcomes"))
        await sender.close()
    assert len(there) == 300


async def test_what_one_partition_does_not_take_is_sent_again_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.05)
    settings = fresh_settings()
    whole, refused = Outcomes._send_part, list[int]()

    async def refuses_once(
        self: Outcomes,
        producer: AIOKafkaProducer,
        partition: int,
        builder: BatchBuilder,
        part: Sequence[module.Item],
    ) -> None:
        if not refused:
            refused.append(partition)
            raise NotLeaderForPartitionError
        await whole(self, producer, partition, builder, part)

    monkeypatch.setattr(Outcomes, "_send_part", refuses_once)
    async with topics_of(settings):
        sender = Outcomes(settings)
        sender.start()
        await sender.tell(letters(300))
        await sender.close()
        records = await read_until(settings, settings.topic("outcomes"), lambda found: len(found) >= 300)
    assert sorted(decode_outcome(r.value).event_id for r in records) == sorted(f"e-{n}" for n in range(300))
    assert {r.partition for r in records} > set(refused), "it was one of several"


async def test_kafka_away_costs_time_once_and_what_does_not_fit_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 30)
    monkeypatch.setattr(module, "TELL_S", 0.3)
    monkeypatch.setattr(module, "CLOSE_TIMEOUT_S", 0.3)
    sender = Outcomes(load_settings(kafka_url="kafka://127.0.0.1:9"))
    sender.start()
    await asyncio.sleep(0)
    before = DROPPED._value.get()
    await sender.tell(letters(50))
    assert DROPPED._value.get() - before == 20
    monkeypatch.setattr(module, "TELL_S", 3600)  # it is not waited for again
    await sender.tell(letters(10))
    await sender.close()
    assert DROPPED._value.get() - before == 60
