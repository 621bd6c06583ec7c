"""Points inside a run of a Faust role, and while partitions change hands."""

from __future__ import annotations

import asyncio
from typing import Any

import faust
from aiokafka import AIOKafkaProducer

from sinks.redis_mirror import Mirror
from streams.runs import RunApp, RunTable
from tests.faults.matrix.dying.death import Death, Method, die_after, die_before, point, replace

STATE = "-changelog"


class Transactions:
    """What each transactional producer has sent since its transaction began: topic -> answers that are awaited."""

    def __init__(self) -> None:
        self._sent: dict[AIOKafkaProducer, dict[str, list[Any]]] = {}
        replace(AIOKafkaProducer, "begin_transaction", self._begin)
        replace(AIOKafkaProducer, "send_batch", self._send)

    def topics(self, producer: AIOKafkaProducer) -> set[str]:
        return {*self._sent.get(producer, {})}

    async def arrived(self, producer: AIOKafkaProducer) -> None:
        """Kafka has all that was sent so far."""
        await asyncio.gather(*(answer for answers in self._sent[producer].values() for answer in answers))

    def _begin(self, original: Method) -> Method:
        async def begin(producer: AIOKafkaProducer) -> None:
            self._sent[producer] = {}
            await original(producer)

        return begin

    def _send(self, original: Method) -> Method:
        async def send(producer: AIOKafkaProducer, builder: Any, topic: str, *, partition: int) -> Any:
            answer = await original(producer, builder, topic, partition=partition)
            if producer in self._sent:
                self._sent[producer].setdefault(topic, []).append(answer)
            return answer

        return send


@point("outbox written, state not")
def outbox_only(death: Death) -> None:
    transactions = Transactions()

    def make(original: Method) -> Method:
        async def send(producer: AIOKafkaProducer, builder: Any, topic: str, *, partition: int) -> Any:
            if topic.endswith(STATE) and any(not sent.endswith(STATE) for sent in transactions.topics(producer)):
                await transactions.arrived(producer)
                death()
            return await original(producer, builder, topic, partition=partition)

        return send

    replace(AIOKafkaProducer, "send_batch", make)


def _around_commit(death: Death, ending: str, committed: bool) -> None:
    """Transactions that wrote to a topic of that `ending` count; ticks alone write nothing."""
    transactions = Transactions()

    def make(original: Method) -> Method:
        async def commit(producer: AIOKafkaProducer) -> None:
            counts = any(topic.endswith(ending) for topic in transactions.topics(producer))
            if counts and not committed:
                death()
            await original(producer)
            if counts and committed:
                death()

        return commit

    replace(AIOKafkaProducer, "commit_transaction", make)


@point("events written, not committed")
def events_not_committed(death: Death) -> None:
    _around_commit(death, ".sessions.in", committed=False)


@point("events committed, not known here")
def events_committed(death: Death) -> None:
    _around_commit(death, ".sessions.in", committed=True)


@point("batches and state written, not committed")
def batches_not_committed(death: Death) -> None:
    _around_commit(death, ".batches", committed=False)


@point("batches committed, not known here")
def batches_committed(death: Death) -> None:
    _around_commit(death, ".batches", committed=True)


@point("state written, not committed")
def state_not_committed(death: Death) -> None:
    _around_commit(death, STATE, committed=False)


@point("former owner shut out, nothing restored")
def shut_out(death: Death) -> None:
    die_before(RunApp, "_restore", death)


@point("half restored")
def restoring(death: Death) -> None:
    original = RunTable.restore

    def restore(table: RunTable, partition: int, key: bytes, value: bytes | None) -> None:
        original(table, partition, key, value)
        death()

    RunTable.restore = restore  # type: ignore[method-assign, assignment]


@point("giving partitions away")
def giving_away(death: Death) -> None:
    die_before(faust.App, "_consumer_wait_empty", death)


@point("mirror drawn, not known here")
def mirror_drawn(death: Death) -> None:
    die_after(Mirror, "_write", death, counts=lambda _, __, drawing: bool(drawing))
