"""The application: a Faust app whose agents read runs and commit each as one transaction."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from functools import partial
from time import monotonic
from typing import Any, NoReturn, cast

import faust
import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition
from faust.types import TP, EventT, StreamT, TransportT

from streams.runs.consumer import AckedTransport, RunSchema, RunTransport
from streams.runs.garbage import look_seldom
from streams.runs.measures import REFUSED, RESTORE, RESTORED, RUN_RECORDS, RunSensor
from streams.runs.options import faust_settings, transactional_producer
from streams.runs.packing import Outgoing
from streams.runs.pins import check_versions
from streams.runs.placing import placed_together
from streams.runs.pulse import Pulse, StalledError
from streams.runs.refusing import refusal
from streams.runs.restore import restore
from streams.runs.table import RunTable
from streams.runs.transactions import PartitionWriter, fence_all
from streams.settings import Settings

log = structlog.get_logger(__name__)

EXIT_IN_DOUBT = 70  # EX_SOFTWARE: state is in doubt, and a crash is the safe state
REVOKED_POLL_S = 0.25
Body = Callable[[AsyncIterator["Run"]], Awaitable[None]]


class Run:
    """The records of one partition that one fetch brought, in log order, at least one."""

    def __init__(self, app: RunApp, stream: StreamT[Any], event: EventT[Any]) -> None:
        self._app, self._stream, self._event = app, stream, event
        self.records: Sequence[ConsumerRecord] = cast(Sequence[ConsumerRecord], event.value)
        self.tp = TP(event.message.topic, event.message.partition)
        self.partition: int = self.tp.partition
        self.next_offset: int = event.message.offset + 1

    async def commit(self, outgoing: Iterable[Outgoing] = (), then: Callable[[], None] | None = None) -> None:
        """Outbox, table changes and offset in one transaction; returns while it is under way.

        The next commit of the partition waits for it. `then` is called once it is durable.
        """
        await self._app.commit_run(self, [*outgoing], then)

    async def done(self) -> None:
        """At-least-once apps: everything this run led to is confirmed elsewhere, so progress may be kept."""
        self._app.pulse.committed[self.tp] = self.next_offset
        await self._stream.ack(self._event)

    async def attempt(self, effort: Coroutine[Any, Any, None]) -> bool:
        """Await `effort`, or cancel it and return False as soon as the run is revoked."""
        task = asyncio.ensure_future(effort)
        try:
            while not task.done() and not self.revoked:
                await asyncio.wait({task}, timeout=REVOKED_POLL_S)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
        if task.cancelled():
            return False
        task.result()
        return True

    @property
    def revoked(self) -> bool:
        """Whether a rebalance or shutdown has begun: stop trying, `drop` it, the next owner reads it again."""
        app = self._app
        return (
            app.rebalancing or app.should_stop or self._event.message.generation_id != app.consumer_generation_id
        )

    def drop(self) -> None:
        """Let go without progress, so that a rebalance need not wait for this run."""
        self._app.consumer.unacked.discard(self._event.message)


class RunApp(faust.App):
    """`role` names app id and consumer group (`<namespace>-<role>`), `source` the topic that is read,
    or several: partition n of all of them is at one worker, and the runs of a number follow one another.

    `transactional=False` is for sinks outside Kafka: no producer of its own, at-least-once by `Run.done`.
    `views` says that the role has web views; only then does it open CAPI_WEB_PORT.
    """

    def __init__(
        self,
        settings: Settings,
        role: str,
        source: str | Sequence[str],
        *,
        transactional: bool = True,
        views: bool = False,
    ) -> None:
        check_versions()
        self.settings = settings
        self.transactional = transactional
        self.writers: dict[int, PartitionWriter] = {}
        self.before_start: list[Callable[[], Awaitable[None]]] = []
        self.on_taken_over: list[Callable[[set[int]], Iterable[None] | None]] = []  # in slices, if it takes long
        self.pulse = Pulse(self)
        self.sensor = RunSensor()
        super().__init__(f"{settings.namespace}-{role}", **faust_settings(settings, role))
        self.sensors.add(self.sensor)
        # here, because the worker command sets conf.web_enabled after the app was made
        self.boot_strategy.enable_web = views and settings.web_port > 0
        names = (source,) if isinstance(source, str) else source
        self.sources = tuple(settings.topic(name) for name in names)
        self.source = self.topic(*self.sources, schema=RunSchema(), partitions=settings.partitions)
        self.on_before_shutdown.connect(self._close_writers)
        self.task(self._keep_pulse)

    async def on_start(self) -> None:
        """What a worker tells its group about itself has to be known before it joins."""
        look_seldom()
        await super().on_start()
        for begin in self.before_start:
            await begin()

    def _new_transport(self) -> TransportT:
        transport = RunTransport if self.transactional else AckedTransport
        return transport(self.conf.broker_consumer, self)

    # -- declaring

    def run_table(
        self,
        name: str,
        encode: Callable[[Any], bytes],
        decode: Callable[[bytes], Any],
        check: Callable[[bytes, bytes], object] = lambda key, value: None,
    ) -> RunTable:
        """A table whose changes go with the run; keys are raw bytes, so that Faust routes as Kafka does."""
        made = self.Table(
            name,
            partitions=self.settings.partitions,
            key_type=bytes,
            value_type=bytes,
        )
        table = cast(RunTable, made)
        table.encode, table.decode, table.check = encode, decode, check
        return table

    def run_agent(self, body: Body) -> Body:
        """Register `body` as the one agent of the source topics. Whatever it raises ends the process, and so does
        a body that returns while the app goes on: nobody would read its partitions any more."""

        async def agent(stream: StreamT[Any]) -> None:
            try:
                await body(self._runs(stream))
                if not self.should_stop:
                    raise RuntimeError("the agent ended although the worker goes on")
            except (asyncio.CancelledError, GeneratorExit):
                raise
            except BaseException as error:
                self.fail_stop(error)

        self.agent(self.source, name=getattr(body, "__name__", "agent"))(agent)
        return body

    async def _runs(self, stream: StreamT[Any]) -> AsyncIterator[Run]:
        async for event in cast(Any, stream).noack().events():
            run = Run(self, stream, event)
            if run.revoked:
                run.drop()
                continue
            self.pulse.reach(run.tp, run.records[0].offset, run.next_offset)
            RUN_RECORDS.labels(run.tp.topic).observe(len(run.records))
            yield run

    # -- committing

    async def commit_run(self, run: Run, outgoing: list[Outgoing], then: Callable[[], None] | None) -> None:
        for table in self.tables.values():
            topic = table.changelog_topic.get_topic_name()
            changes = cast(RunTable, table).take_changes(run.partition)
            outgoing += [Outgoing(topic, key, value, run.partition) for key, value in changes]
        progress = {TopicPartition(*run.tp): run.next_offset}
        await self.writers[run.partition].commit(
            outgoing, progress, partial(self._committed, run, then), self.fail_stop
        )

    async def _committed(self, run: Run, then: Callable[[], None] | None) -> None:
        if then is not None:
            then()
        await run.done()

    def fail_stop(self, error: BaseException) -> NoReturn:
        """State may be ahead of the log: leave at once, without a chance for anyone to commit or acknowledge."""
        log.error("stopping, state in doubt", role=self.conf.id, why=repr(error), exc_info=error)
        os._exit(EXIT_IN_DOUBT)

    async def _keep_pulse(self) -> None:
        try:
            await self.pulse.watch()
        except StalledError as error:
            self.fail_stop(error)

    # -- taking partitions over

    async def take_over(self, assignment: set[TP]) -> None:
        """Called once a generation, before anything flows: shut former owners out, then read the state."""
        try:
            self._check_partition_count()
            await self._take_over(placed_together(assignment, self.sources))
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self.fail_stop(error)

    async def _take_over(self, partitions: set[int]) -> None:
        self.pulse.start_over()
        old, self.writers = self.writers, {}
        await asyncio.gather(*(writer.close() for writer in old.values()))
        if self.transactional:
            self.writers = {partition: self._new_writer(partition) for partition in partitions}
            await fence_all(self.writers.values())
        for table in self.tables.values():
            await self._restore(cast(RunTable, table), partitions)
        for listener in self.on_taken_over:
            for _ in listener(partitions) or ():
                await asyncio.sleep(0)

    async def _restore(self, table: RunTable, partitions: set[int]) -> None:
        table.forget_all()
        topic = table.changelog_topic.get_topic_name()
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.kafka_servers,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        await consumer.start()
        began_s, refused = monotonic(), list[ConsumerRecord]()
        try:
            tps = [TopicPartition(topic, partition) for partition in sorted(partitions)]
            more = self.pulse.more_restored
            count = await restore(consumer, tps, table.restore, refused.append, more) if tps else 0
        finally:
            await consumer.stop()
        await self._refuse(table, refused)
        # Faust's router looks a key's owner up in this producer's metadata, which else knows only what it wrote to
        await cast(Any, self.producer)._ensure_producer().partitions_for(topic)
        RESTORE.labels(table.name).observe(monotonic() - began_s)
        RESTORED.labels(table.name).inc(count)
        log.info("restored", table=table.name, partitions=sorted(partitions), records=count, keys=len(table.data))

    async def _refuse(self, table: RunTable, records: Sequence[ConsumerRecord]) -> None:
        """What nobody of us has written goes on without it; each take-over says so again, until it is compacted
        away. Raises OtherFormatError."""
        for record in records:
            value = refusal(record)
            REFUSED.labels(table.name).inc()
            await self.producer.send_and_wait(self.settings.topic("rejects"), None, value, None, None, None)
        if records:
            log.error("no state of this table; what was there before counts", table=table.name, n=len(records))

    def _new_writer(self, partition: int) -> PartitionWriter:
        return PartitionWriter(partition, self.conf.id, partial(transactional_producer, self.settings))

    def _check_partition_count(self) -> None:
        for topic in self.sources:
            found = self.consumer.topic_partitions(topic)
            if found and found != self.settings.partitions:  # 0: not known yet, and then nothing is assigned
                raise RuntimeError(
                    f"topic {topic} has {found} partitions, CAPI_PARTITIONS is {self.settings.partitions}: "
                    "keys would move to other partitions; set it back, or migrate (docs/operations.md)"
                )

    async def _close_writers(self, *_: Any, **__: Any) -> None:
        writers, self.writers = self.writers, {}
        await asyncio.gather(*(writer.close() for writer in writers.values()))
