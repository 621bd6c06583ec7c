"""Reading: Faust's consumer, with one pseudo-record per partition and fetch that holds the whole run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import aiokafka
from aiokafka.structs import ConsumerRecord
from faust import Schema
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message


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
    """The fetching thread: sees committed transactions only."""

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

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Mapping[TP, Any]:
        # A copy: Faust empties this very set while the fetch runs, and aiokafka takes an empty one for "all"
        asked = active_partitions if active_partitions is None else frozenset(active_partitions)
        fetched = await super()._getmany(cast(Any, asked), timeout)
        return {tp: [as_run(records)] for tp, records in fetched.items() if records}

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
