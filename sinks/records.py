"""Records to Kafka, durable before anybody is told so: `write` returns when all in-sync copies have them.

What arrives while a partition's last batch is under way goes in its next one, so batches grow with the load, those
of all partitions leave together, and a request costs one future and not one for each record.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from typing import Protocol

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from prometheus_client import Gauge

from sinks.pace import Pace
from streams.runs import Outgoing
from streams.runs.packing import partition_of
from streams.settings import Settings

WAITING = Gauge("capi_records_waiting_bytes", "Bytes of records that a door has taken and that wait for Kafka")

log = structlog.get_logger(__name__)

BATCH_BYTES = 524_288
RETRY_MS = 50
PAUSE_S = 1.0
CLOSE_S = 5.0
PACE_S = 0.005  # batches of all partitions leave in one request, this often at most
NO_CONNECTION, NO_ANSWER = "no connection to Kafka", "Kafka does not answer"


class NotWrittenError(Exception):
    """Kafka does not have the records, or it is not known that it has."""


class Writer(Protocol):
    """`start` it, `write`, `close` it. `why_not` says why nothing can be written now, "" when it can."""

    def start(self) -> None: ...

    @property
    def why_not(self) -> str: ...

    async def write(self, records: Sequence[Outgoing]) -> None:
        """Returns when the records are safe; raises NotWrittenError."""

    async def close(self) -> None: ...


class RecordWriter:
    """Writes to Kafka. Records of a key go where every other Kafka client puts them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._partitions: dict[str, int] = {}
        self._turn = count()  # of records without a key
        self._producer: AIOKafkaProducer | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._waiting = 0  # bytes
        self.pace = Pace(PACE_S)

    def start(self) -> None:
        """Connect in the background, for as long as it takes: what comes before is refused."""
        self._connecting = asyncio.create_task(self._connect())
        WAITING.set_function(lambda: self._waiting)

    @property
    def why_not(self) -> str:
        if any(map(self._is_stuck, self._lanes.values())):
            return NO_ANSWER
        return self._why_none()

    def _why_none(self) -> str:
        """The same, of what concerns all partitions."""
        if self._producer is None:
            return NO_CONNECTION
        return "too much waits for Kafka" if self._waiting > self._settings.collect_waiting_bytes else ""

    def _is_stuck(self, lane: _Lane) -> bool:
        return lane.stuck_s > self._settings.collect_kafka_s

    async def write(self, records: Sequence[Outgoing]) -> None:
        """Raises NotWrittenError, at the latest after CAPI_COLLECT_KAFKA_S."""
        if why := self._why_none():
            raise NotWrittenError(why)
        size = sum(len(record.value or b"") + len(record.key or b"") for record in records)
        self._waiting += size
        try:
            async with asyncio.timeout(self._settings.collect_kafka_s):
                for future in self._add(records):
                    await asyncio.shield(future)
        except TimeoutError:
            raise NotWrittenError(NO_ANSWER) from None
        finally:
            self._waiting -= size

    def _add(self, records: Sequence[Outgoing]) -> set[asyncio.Future[None]]:
        places = {(record.topic, record.key) for record in records}  # of a visit mostly one: hash its key once
        lanes = {place: self._lane(*place) for place in places}
        if any(map(self._is_stuck, lanes.values())):
            raise NotWrittenError(NO_ANSWER)
        return {lanes[record.topic, record.key].add(record) for record in records}

    def _lane(self, topic: str, key: bytes | None) -> _Lane:
        partitions = self._partitions[topic]
        number = partition_of(key, partitions, next(self._turn) % partitions)
        lane = self._lanes.get((topic, number))
        if lane is None:
            lane = self._lanes[topic, number] = _Lane(self, topic, number)
        return lane

    # -- the connection

    @property
    def producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise NotWrittenError(NO_CONNECTION)
        return self._producer

    def lost(self, producer: AIOKafkaProducer, why: BaseException) -> None:
        """A batch was refused: what an idempotent producer does after that is its own, so a new one takes over."""
        if producer is not self._producer:
            return
        log.warning("Kafka refused records; connecting anew", why=type(why).__name__)
        self._producer = None
        self._connecting = asyncio.create_task(self._replace(producer))

    async def _replace(self, producer: AIOKafkaProducer) -> None:
        await _stop(producer)
        for lane in self._lanes.values():
            lane.let_go(producer)
        await self._connect()

    async def _connect(self) -> None:
        told = False
        while True:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._settings.kafka_servers,
                acks="all",
                enable_idempotence=True,
                max_batch_size=BATCH_BYTES,
                retry_backoff_ms=RETRY_MS,
                linger_ms=0,
            )
            try:
                await self._open(producer)
            except (KafkaError, OSError, NotWrittenError) as error:
                await _stop(producer)
                if not told:
                    log.warning("Kafka cannot be written to; trying on", why=str(error) or type(error).__name__)
                told = True
                await asyncio.sleep(PAUSE_S)
            except asyncio.CancelledError:
                await _stop(producer)
                raise
            else:
                self._producer = producer
                log.info("connected to Kafka")
                return

    async def _open(self, producer: AIOKafkaProducer) -> None:
        await producer.start()
        for name in ("sessions.in", "rejects", "ledger.in"):
            topic = self._settings.topic(name)
            self._partitions[topic] = len(await producer.partitions_for(topic))
        self._check_partitions()

    def _check_partitions(self) -> None:
        topic = self._settings.topic("sessions.in")
        found = self._partitions[topic]
        if found != self._settings.partitions:
            raise NotWrittenError(
                f"{topic} has {found} partitions, CAPI_PARTITIONS is {self._settings.partitions}"
            )

    async def close(self) -> None:
        """Send what waits, then leave."""
        if self._connecting is not None and not self._connecting.done():
            self._connecting.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.gather(*(lane.drained() for lane in self._lanes.values()))
        if self._producer is not None:
            await _stop(self._producer)


class _Lane:
    """One partition of a topic: what waits for it, and one batch under way."""

    def __init__(self, writer: RecordWriter, topic: str, partition: int) -> None:
        self._writer, self._topic, self._partition = writer, topic, partition
        self._records: deque[Outgoing] = deque()
        self._future: asyncio.Future[None] | None = None  # of what waits
        self._task: asyncio.Task[None] | None = None
        self._since: float | None = None
        self._under_way: tuple[AIOKafkaProducer, asyncio.Future[object]] | None = None

    def add(self, record: Outgoing) -> asyncio.Future[None]:
        """Done when the record is durable; fails with NotWrittenError."""
        loop = asyncio.get_running_loop()
        if self._future is None:
            self._future = loop.create_future()
        self._records.append(record)
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._run())
        return self._future

    @property
    def stuck_s(self) -> float:
        """How long the batch under way has been."""
        return 0.0 if self._since is None else asyncio.get_running_loop().time() - self._since

    def let_go(self, producer: AIOKafkaProducer) -> None:
        """That producer will not say any more what became of its batch."""
        if self._under_way and self._under_way[0] is producer:
            self._under_way[1].cancel()

    async def drained(self) -> None:
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while self._future is not None:
            await self._writer.pace.moment()
            records, future = self._records, self._future
            self._records, self._future = deque(), None
            self._since = asyncio.get_running_loop().time()
            try:
                await self._send(records)
            except NotWrittenError as error:
                _fail(future, error)
            else:
                future.set_result(None)
            finally:
                self._since = None

    async def _send(self, records: deque[Outgoing]) -> None:
        while records:
            producer = self._writer.producer
            batch = producer.create_batch()
            while records and _append(batch, records[0]):
                records.popleft()
            if not batch.record_count():
                raise NotWrittenError("a record is too large for Kafka")
            batch.close()
            try:
                done = await producer.send_batch(batch, self._topic, partition=self._partition)
                await self._settled(producer, done)
            except KafkaError as error:
                self._writer.lost(producer, error)
                raise NotWrittenError(type(error).__name__) from error

    async def _settled(self, producer: AIOKafkaProducer, done: asyncio.Future[object]) -> None:
        self._under_way = producer, done
        try:
            await done
        except asyncio.CancelledError:
            if not done.cancelled():
                raise
            raise NotWrittenError(NO_CONNECTION) from None
        finally:
            self._under_way = None


def _append(batch: object, record: Outgoing) -> bool:
    return batch.append(timestamp=None, key=record.key, value=record.value) is not None  # type: ignore[attr-defined]


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    future.set_exception(error)
    future.exception()  # nobody may be waiting any more


async def _stop(producer: AIOKafkaProducer) -> None:
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(CLOSE_S):
            await producer.stop()
