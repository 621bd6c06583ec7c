"""What is new in Kafka since a run began: committed records of every topic after the door."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.events import UNREADABLE, Batch, Outcome, Reject, decode_batch, decode_outcome, decode_reject
from streams.settings import Settings
from tests.faults.collect import PERSONAL, arrivals
from tests.kafka import consumer_of

TOPICS = ("sessions.in", "visitors.in", "batches", "rejects", "outcomes", "ledger.in")
POLL_MS = 100


class Tail:
    """`start` marks the ends of now; `read` adds what has come since. Both raise KafkaError when it is away.
    `unreadable` counts what is no batch, reject or session record."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._positions: dict[TopicPartition, int] = {}
        self.batches: list[Batch] = []
        self.rejects: list[Reject] = []
        self.outcomes: list[Outcome] = []
        self.arrivals: dict[str, list[int]] = {}  # event id -> log times (ms) in sessions.in, in the log's order
        self.in_clear = self.unreadable = 0

    async def start(self) -> None:
        async with consumer_of(self._settings) as consumer:
            self._positions = dict(await consumer.end_offsets(self._partitions()))

    async def read(self) -> None:
        async with consumer_of(self._settings) as consumer:
            ends = await consumer.end_offsets(self._partitions())
            behind = [tp for tp, end in ends.items() if end > self._positions[tp]]
            consumer.assign(behind)
            for tp in behind:
                consumer.seek(tp, self._positions[tp])
            while behind:
                for tp, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                    self._take(tp.topic.removeprefix(f"{self._settings.namespace}."), records)
                for tp in behind:
                    self._positions[tp] = await consumer.position(tp)
                behind = [tp for tp in behind if self._positions[tp] < ends[tp]]

    def _partitions(self) -> list[TopicPartition]:
        topics = map(self._settings.topic, TOPICS)
        return [TopicPartition(topic, n) for topic in topics for n in range(self._settings.partitions)]

    def _take(self, topic: str, records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            self.in_clear += PERSONAL in (record.value or b"")
            try:
                self._keep(topic, record)
            except UNREADABLE:
                self.unreadable += 1

    def _keep(self, topic: str, record: ConsumerRecord) -> None:
        if topic == "batches":
            self.batches.append(decode_batch(record.value or b""))
        elif topic == "rejects":
            self.rejects.append(decode_reject(record.value or b""))
        elif topic == "outcomes":
            self.outcomes.append(decode_outcome(record.value or b""))
        elif topic == "sessions.in":
            for event_id, times_ms in arrivals([record]).items():
                self.arrivals.setdefault(event_id, []).extend(times_ms)
