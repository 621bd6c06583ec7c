"""Reading: Faust's consumer, with one pseudo-record per partition and fetch that holds the whole run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import aiokafka
from aiokafka.structs import ConsumerRecord, TopicPartition
from faust import Schema
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message

if TYPE_CHECKING:
    from streams.runs.app import RunApp


class RunRecord(NamedTuple):
    """A run in the shape of a Kafka record, so that Faust carries it. Offset and time are the last record's."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: int
    value: list[ConsumerRecord]
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    checksum: int | None = None
    serialized_key_size: int = 0
    serialized_value_size: int = 0


def as_run(records: list[ConsumerRecord]) -> RunRecord:
    last = records[-1]
    return RunRecord(last.topic, last.partition, last.offset, last.timestamp, last.timestamp_type, records)


class RunSchema(Schema[Any, Any]):
    """Hands the run through: there is nothing to decode before the agent."""

    def loads_key(self, app: Any, message: Message, **_: Any) -> Any:
        return message.key

    def loads_value(self, app: Any, message: Message, **_: Any) -> Any:
        return message.value


class RunConsumerThread(driver.AIOKafkaConsumerThread):
    """The fetching thread: sees committed transactions only, and never seeks while a fetch is under way.

    A fetch moves the consumer's position when it returns. One that began before a rebalance may return after the
    new owner has sought to what is committed, and is thrown away: the position would stand behind records that
    nobody has seen. Faust seeks once more then, while the partition may be in use already: runs come twice.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._position = asyncio.Lock()

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> Any:
        async with self._position:
            return await super()._fetch_records(consumer, active_partitions, timeout, max_records)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Behind the last fetch; flow is inactive, so no other one begins."""
        return cast(Mapping[TP, int], await self.call_thread(self._seek_to_committed))

    async def _seek_to_committed(self) -> Mapping[TP, int]:
        consumer = self._ensure_consumer()
        async with self._position:
            found: dict[TP, int] = {}
            for tp in self._sources(consumer):
                offset = await consumer.committed(tp)
                if offset is None:  # nothing yet: aiokafka would leave the position where it is
                    await consumer.seek_to_beginning(tp)
                else:
                    consumer.seek(tp, offset)
                found[tp] = offset or 0
            return found

    def _sources(self, consumer: aiokafka.AIOKafkaConsumer) -> list[TopicPartition]:
        sources = cast("RunApp", self.app).sources
        return sorted(tp for tp in consumer.assignment() if tp.topic in sources)

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Faust takes the isolation level from processing_guarantee, which also brings its own transactions
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = 500
        return consumer


class RunConsumer(driver.Consumer):
    """Delivers runs. `own_commit` says that offsets go with the runs' transactions, never through Faust."""

    own_commit = True

    def _new_consumer_thread(self) -> RunConsumerThread:
        return RunConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def thread_loop(self) -> asyncio.AbstractEventLoop:
        return self._thread.thread_loop

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Mapping[TP, Any]:
        # A copy: Faust empties this very set while the fetch runs, and aiokafka takes an empty one for "all"
        asked = active_partitions if active_partitions is None else frozenset(active_partitions)
        fetched = await super()._getmany(cast(Any, asked), timeout)
        runs = {tp: [as_run(records)] for tp, records in fetched.items() if records}
        for tp, (run,) in runs.items():
            cast("RunApp", self.app).pulse.fetch(tp, run.offset + 1)
        return runs

    async def perform_seek(self) -> None:
        """Faust's way to make good for a fetch that it threw away. Here the next take-over does: it seeks behind
        the last fetch, before anything flows."""

    async def seek_to_what_is_committed(self) -> None:
        """For the owner of a new assignment, before its flow is resumed."""
        await super().perform_seek()

    def on_buffer_full(self, tp: TP) -> None:
        """The queue is bounded and holds the fetcher up by itself. Faust would also take the partition out of the
        fetch, and look again only after a second: at thousands of events a run, most of the time."""

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Jumps in offsets are normal (transaction markers); nothing is committed over them here."""

    def _new_offset(self, tp: TP) -> int | None:
        acked = self._acked[tp]
        if not acked:
            return None
        # Runs of a partition are acknowledged in order, so the highest one speaks for all before it.
        offset = max(acked) + 1
        acked.clear()
        self._acked_index[tp].clear()
        return None if self.own_commit else offset


class AckedConsumer(RunConsumer):
    """At least once: Faust commits the offset of the last acknowledged run."""

    own_commit = False


class RunTransport(driver.Transport):
    Consumer = RunConsumer


class AckedTransport(driver.Transport):
    Consumer = AckedConsumer
