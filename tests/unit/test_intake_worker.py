"""The intake worker between a Redis and a Kafka that fail as they please."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from agents.intake import worker as module
from agents.intake.queue import Batch, QueueError, TakenQueue
from agents.intake.tickets import Entry, prefix, read_entry
from agents.intake.worker import IntakeWorker
from sinks.records import NotWrittenError, RecordWriter
from streams.events import decode_event, decode_reject
from streams.runs import Outgoing
from streams.settings import Settings, load_settings

MAIL = "anna@example.com"
TAKEN_MS = 1_795_000_000_123
EMPTY = Batch([], 0, 0)


def entry(place: int = 0, item: bytes = b"", **fields: Any) -> Entry:
    least = {"event_name": "ViewContent", "session_id": "s-1", "user_data": {"em": MAIL}}
    raw = item or json.dumps(least | fields).encode()
    return read_entry("q", f"{prefix('ab' * 8, 7)}{place}/{TAKEN_MS}|".encode() + raw)


def batch(*entries: Entry) -> Batch:
    return Batch(entries, 0, 0)


class Redis:
    """Answers `take` with what it is given, an error included; stops the worker when that has run out."""

    worker = "ab" * 8

    def __init__(self, stop: asyncio.Event, *answers: Batch | QueueError) -> None:
        self._stop, self._answers = stop, list(answers)
        self.settled: list[bytes] = []
        self.left_with: bytes | None = None

    async def take(self, settled: bytes) -> Batch:
        self.settled.append(settled)
        answer = self._answers.pop(0) if self._answers else EMPTY
        if not self._answers:
            self._stop.set()
        if isinstance(answer, QueueError):
            raise answer
        return answer

    async def beat(self) -> None: ...

    async def recover(self) -> int:
        return 0

    async def leave(self, settled: bytes) -> int:
        self.left_with = settled
        return 0


class Kafka:
    """Fails the first `failures` writes; `hang` never answers."""

    def __init__(self, failures: int = 0, hang: bool = False) -> None:
        self._failures, self._hang = failures, hang
        self.why_not = ""
        self.tried: list[Sequence[Outgoing]] = []
        self.written: list[Outgoing] = []

    async def write(self, records: Sequence[Outgoing]) -> None:
        self.tried.append(records)
        if self._hang:
            await asyncio.Event().wait()
        if len(self.tried) <= self._failures:
            raise NotWrittenError("Kafka does not answer")
        self.written += records


@pytest.fixture
def settings() -> Settings:
    return load_settings(namespace="capi", intake_stop_s=0.05)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOK_S", "FIRST_PAUSE_S", "MOST_PAUSE_S"):
        monkeypatch.setattr(module, name, 0.001)


async def run(settings: Settings, kafka: Kafka, *answers: Batch | QueueError) -> tuple[Redis, IntakeWorker, Any]:
    stop = asyncio.Event()
    redis = Redis(stop, *answers)
    worker = IntakeWorker(settings, cast(TakenQueue, redis), cast(RecordWriter, kafka), stop)
    with capture_logs() as lines:
        async with asyncio.timeout(5):
            await worker.run()
    assert MAIL not in json.dumps(lines)
    return redis, worker, lines


async def test_a_batch_is_let_go_of_once_kafka_has_it(settings: Settings) -> None:
    first, second = batch(entry(0), entry(1)), batch(entry(2, item=b"{"))
    kafka = Kafka()
    redis, _, _ = await run(settings, kafka, first, second, EMPTY)
    assert redis.settled == [b"", first.ticket, second.ticket]
    assert [record.topic for record in kafka.written] == ["capi.sessions.in"] * 2 + ["capi.rejects"]
    assert decode_reject(kafka.written[2].value or b"").topic == f"q/{'ab' * 8}"


async def test_ids_and_times_that_items_lack_come_from_their_tickets(settings: Settings) -> None:
    twins = batch(entry(0), entry(1))
    kafka = Kafka()
    await run(settings, kafka, twins, twins, EMPTY)
    events = [decode_event(record.value or b"") for record in kafka.written]
    assert events[0].event_id != events[1].event_id
    assert events[2:] == events[:2]
    assert {event.event_time_ms for event in events} == {TAKEN_MS}


async def test_kafka_away_keeps_the_batch_and_is_told_once(settings: Settings) -> None:
    only = batch(entry())
    kafka = Kafka(failures=4)
    redis, _, lines = await run(settings, kafka, only, EMPTY)
    assert kafka.tried == [kafka.written] * 5
    assert redis.settled == [b"", only.ticket]
    told = [line["event"] for line in lines if "Kafka" in line["event"]]
    assert told == ["Kafka does not take part; waiting for it", "Kafka is back"]


async def test_nothing_is_taken_while_kafka_is_not_there(settings: Settings) -> None:
    kafka, stop = Kafka(), asyncio.Event()
    kafka.why_not = "no connection to Kafka"
    redis = Redis(stop, EMPTY)
    worker = IntakeWorker(settings, cast(TakenQueue, redis), cast(RecordWriter, kafka), stop)
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0.02)
    assert redis.settled == [] and not worker.health()["ok"]
    kafka.why_not = ""
    async with asyncio.timeout(5):
        await running
    assert redis.settled and worker.health()["ok"]


async def test_redis_away_is_told_once_and_what_was_written_is_still_let_go_of(settings: Settings) -> None:
    only, away = batch(entry()), QueueError("TimeoutError")
    kafka = Kafka()
    redis, _, lines = await run(settings, kafka, away, only, away, away, EMPTY)
    assert redis.settled == [b"", b"", only.ticket, only.ticket, only.ticket]
    told = [line["event"].partition(";")[0] for line in lines if "Redis" in line["event"]]
    assert told == ["Redis does not take part", "Redis is back"] * 2


@pytest.mark.parametrize(
    ("kafka", "let_go"), [(Kafka(), True), (Kafka(failures=10**6), False), (Kafka(hang=True), False)]
)
async def test_at_the_end_the_batch_is_finished_or_put_back(
    settings: Settings, kafka: Kafka, let_go: bool
) -> None:
    only = batch(entry())
    redis, _, _ = await run(settings, kafka, only)  # stops in the moment of taking it
    assert redis.left_with == (only.ticket if let_go else b"")


async def test_an_error_of_ours_ends_the_worker_and_leaves_the_queue(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "admit", broken)
    stop = asyncio.Event()
    redis = Redis(stop, batch(entry()), EMPTY)
    worker = IntakeWorker(settings, cast(TakenQueue, redis), cast(RecordWriter, Kafka()), stop)
    with pytest.raises(ZeroDivisionError):
        async with asyncio.timeout(5):
            await worker.run()
    assert redis.left_with == b""


@pytest.mark.parametrize("raw", [b"", b"ab/1/1/1|x", b"0" * 16 + b"/1/1/1795000000123", b"{}"])
def test_an_entry_without_a_ticket_is_no_entry(raw: bytes) -> None:
    with pytest.raises(ValueError, match="ticket"):
        read_entry("q", raw)
