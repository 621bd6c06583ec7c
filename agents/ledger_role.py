"""What a ledger worker does around its book: reads the four topics, commits, takes over, answers.

| topic       | records                            | time                                    |
|-------------|------------------------------------|-----------------------------------------|
| `ledger.in` | Queued, Noted, Erase, Tick         | log time: what moves the book's clock   |
| `batches`   | Batch                              | the writer's                            |
| `outcomes`  | Outcome                            | the writer's                            |
| `rejects`   | Reject, of any key                 | the writer's                            |
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from typing import Protocol, cast

from aiokafka.structs import ConsumerRecord
from faust.exceptions import AlreadyConfiguredWarning

from agents.console.desk import AwayError
from agents.counters import LEDGER_EVENTS
from agents.ledger_web import LedgerWeb
from agents.metrics import serve_metrics
from agents.rejects import record_of, reject_of
from agents.ticks import add_ticks
from streams.events import (
    UNREADABLE,
    Batch,
    Erase,
    Noted,
    Outcome,
    Queued,
    Reject,
    Tick,
    decode_batch,
    decode_ledger_input,
    decode_outcome,
    decode_reject,
)
from streams.ledger.answers import Answer, Cluster, WorkerSeen
from streams.ledger.live import Place, Ring
from streams.ledger.queries import ClusterOf, Query, RecentOf
from streams.runs import Outgoing, Run, RunApp, RunTable

SOURCES = ("ledger.in", "batches", "outcomes", "rejects")
SLICE = 200  # records, some 20 us each
Told = Queued | Noted | Erase | Batch | Outcome | Reject
Value = Told | Tick
Answering = Callable[[Query], Generator[None, None, Answer]]  # in slices, between which others may run


class Book(Protocol):
    """The rules of the ledger over a table that holds all that is to survive; indexes are its own."""

    def starting_over(self, partitions: Mapping[int, Iterable[bytes]]) -> Iterator[None]:
        """These partitions with these keys are this worker's now: build the indexes anew from the table.
        In slices, between which others may run."""

    def apply(self, value: Told, place: Place) -> None:
        """One record, in log order of its topic and partition; a record may come again under another offset."""

    def erasing(self, erase: Erase, place: Place) -> Iterator[None]:
        """An Erase, which has to look at every page: in slices, between which others may ask."""

    def advance(self, partition: int, now_ms: int) -> None:
        """Log time has reached `now_ms`: what is older than it may be goes."""

    def save(self) -> None:
        """The end of a run: everything that it changed goes to the table."""

    @property
    def events(self) -> int:
        """How many it remembers."""


class Ledger:
    """One worker's part: `hear` a record, `answer` a question."""

    def __init__(self, app: RunApp, book: Book, answering: Answering) -> None:
        self.app, self.book, self._answering = app, book, answering
        self.ring = Ring(app.settings.ledger_live)
        self.url = ""
        self._taken_over = False

    async def hear_all(self, run: Run) -> list[Outgoing]:
        """Lets questions be answered between slices: a page takes many turns of the loop, and a backlog would make
        each as long as a run. Nothing else comes between: this agent alone writes the table, one run after the
        other, and a rebalance waits until the run that it is at is committed (Consumer.wait_empty). Who asks may
        see a part of a run, as one that is not durable yet, but each record whole: what is told is saved first."""
        outgoing = list[Outgoing]()
        for number, record in enumerate(run.records, 1):
            for out in self.hear(record):
                if out is None:
                    await asyncio.sleep(0)
                else:
                    outgoing.append(out)
            if number % SLICE == 0:
                self.book.save()
                await asyncio.sleep(0)
        return outgoing

    def hear(self, record: ConsumerRecord) -> Iterator[Outgoing | None]:
        """Applies a record; yields a reject for what should not be in its topic, None where others may run."""
        place = Place(record.topic, record.partition, record.offset, record.timestamp)
        value = self._read(record)
        if isinstance(value, Reject) and not self._is_of(record, "rejects"):
            yield record_of(self.app.settings, value, record.partition)
            return
        if self._is_of(record, "ledger.in"):
            self.book.advance(record.partition, record.timestamp)
        if isinstance(value, Tick):
            return
        if isinstance(value, Erase):
            self.ring.forget(frozenset({record.partition}))
            yield from self.book.erasing(value, place)
            return
        self.book.apply(value, place)
        self.ring.add(value, place)

    def _is_of(self, record: ConsumerRecord, name: str) -> bool:
        return bool(record.topic == self.app.settings.topic(name))

    def _read(self, record: ConsumerRecord) -> Value:
        topic = self.app.settings.topic
        decode: Callable[[bytes], Value] = {
            topic("ledger.in"): decode_ledger_input,
            topic("batches"): decode_batch,
            topic("outcomes"): decode_outcome,
            topic("rejects"): decode_reject,
        }[record.topic]
        try:
            return decode(record.value or b"")
        except UNREADABLE:
            return reject_of(record, "not a record of the ledger")

    @property
    def away(self) -> bool:
        """It cannot answer yet: partitions are under way, or it has not been given any."""
        return self.app.rebalancing or not self._taken_over

    def taken_over(self, table: RunTable, partitions: set[int]) -> Iterator[None]:
        """In slices: until then this worker says that it is away, which takes a turn of the loop."""
        self.ring.forget(frozenset(range(self.app.settings.partitions)) - partitions)
        yield from self.book.starting_over({partition: table.keys_of(partition) for partition in partitions})
        self._taken_over = True

    @property
    def workers(self) -> list[str]:
        """Addresses of all ledger workers, as the consumer group knows them; also of one that has just died."""
        return sorted(str(url) for url in self.app.router.tables_metadata())

    async def answer(self, query: Query) -> Answer:
        """Raises AwayError when partitions begin to be taken over meanwhile."""
        if isinstance(query, RecentOf):
            return self.ring.recent(query)
        if isinstance(query, ClusterOf):
            return Cluster(workers=(self.seen(),))
        slices = self._answering(query)
        while not self.away:
            try:
                next(slices)
            except StopIteration as end:
                return cast(Answer, end.value)
            await asyncio.sleep(0)
        raise AwayError("partitions are being taken over")

    def seen(self) -> WorkerSeen:
        read: dict[str, dict[int, int]] = {}
        for tp, offset in self.app.pulse.reached.items():
            read.setdefault(tp.topic, {})[tp.partition] = offset
        return WorkerSeen(self.url, tuple(sorted(self.app.writers)), self.app.rebalancing, self.book.events, read)


def serve_ledger(
    app: RunApp, table: RunTable, book: Book, answering: Answering, web: Callable[[Ledger], LedgerWeb]
) -> Ledger:
    """Makes `app` a ledger worker; its table and its book are made."""
    ledger = Ledger(app, book, answering)
    server = web(ledger)

    @app.run_agent
    async def reading(runs: AsyncIterator[Run]) -> None:
        async for run in runs:
            outgoing = await ledger.hear_all(run)
            book.save()
            await run.commit(outgoing)

    async def begin() -> None:
        ledger.url = await server.start()
        with warnings.catch_warnings():  # Faust has shown its default already, and told nobody else
            warnings.simplefilter("ignore", AlreadyConfiguredWarning)
            app.conf.canonical_url = ledger.url  # type: ignore[assignment]

    async def end(*_: object, **__: object) -> None:
        await server.stop()

    app.before_start.append(begin)
    app.on_before_shutdown.connect(end)
    app.on_taken_over.append(lambda partitions: ledger.taken_over(table, partitions))
    add_ticks(app)
    serve_metrics(app, lambda: LEDGER_EVENTS.set(book.events))
    return ledger
