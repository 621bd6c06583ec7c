"""One intake worker: takes a batch, writes it to Kafka, and lets go of it together with asking for the next.

| what ends or is away        | what happens                                                                 |
|-----------------------------|------------------------------------------------------------------------------|
| Redis                       | waits, tells once; nothing is in hand that Redis or Kafka does not have       |
| Kafka                       | keeps the batch and tries on, tells once; the queue grows meanwhile           |
| this worker, kill -9        | its sign of life goes, another one takes its batch over and repeats it        |
| this worker, SIGTERM        | finishes the batch; what Kafka does not take in time goes back at once        |

Repeating a batch writes the same events once more, with the same ids; the session takes each id once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog

from agents.admission import Admission
from agents.intake.counters import AGE, IN_HAND, ORPHANS, QUEUED, RECOVERED, TAKEN
from agents.intake.outage import Outage
from agents.intake.queue import ALIVE_S, Batch, QueueError, TakenQueue
from sinks.records import NotWrittenError, RecordWriter
from streams.door import Admitted, admit
from streams.events import Reject
from streams.runs import Outgoing
from streams.settings import Settings

log = structlog.get_logger(__name__)

LOOK_S = 0.1  # how often an empty queue is looked at
UPKEEP_S = ALIVE_S / 3
FIRST_PAUSE_S, MOST_PAUSE_S = 0.2, 5.0


class IntakeWorker:
    """`run` it until `stop`. Whoever made `queue` and `writer` starts and closes them."""

    def __init__(self, settings: Settings, queue: TakenQueue, writer: RecordWriter, stop: asyncio.Event) -> None:
        self._settings, self._queue, self._writer, self._stop = settings, queue, writer, stop
        self._admission = Admission(settings, role="intake")
        self._redis, self._kafka = Outage("Redis"), Outage("Kafka")
        self._settled = b""  # ticket of the batch that Kafka has and Redis still holds

    def health(self) -> Mapping[str, Any]:
        why = self._writer.why_not
        return {"ok": not (self._redis.now or self._kafka.now or why), "redis": not self._redis.now, "kafka": why}

    async def run(self) -> None:
        upkeep, out_of_time = asyncio.create_task(self._upkeep()), asyncio.create_task(self._out_of_time())
        try:
            await self._work(out_of_time)
        finally:
            self._stop.set()
            out_of_time.cancel()
            await upkeep
            await self._leave()

    async def _work(self, out_of_time: asyncio.Task[None]) -> None:
        pause_s = FIRST_PAUSE_S
        while await self._kafka_there():
            try:
                batch = await self._queue.take(self._settled)
            except QueueError as error:
                self._redis.began(str(error))
                await self._pause(pause_s)
                pause_s = min(2 * pause_s, MOST_PAUSE_S)
                continue
            self._redis.ended()
            self._settled, pause_s = b"", FIRST_PAUSE_S
            _show(batch)
            if not batch.entries:
                await self._pause(LOOK_S)
            elif await self._written(batch, out_of_time):
                self._settled = batch.ticket

    async def _kafka_there(self) -> bool:
        """Nothing is taken that could not be written. False at the end."""
        while self._writer.why_not and not self._stop.is_set():
            await self._pause(LOOK_S)
        return not self._stop.is_set()

    async def _written(self, batch: Batch, out_of_time: asyncio.Task[None]) -> bool:
        """False when Kafka did not take it before this worker had to end."""
        answers = [admit(entry.item, self._settings.tenant_map, entry.origin) for entry in batch.entries]
        AGE.set(_age_s(answers))
        writing = asyncio.create_task(self._write(list(map(self._admission.record, answers))))
        await asyncio.wait({writing, out_of_time}, return_when=asyncio.FIRST_COMPLETED)
        if not writing.done():
            writing.cancel()
            return False
        await writing
        TAKEN.inc(len(answers))
        IN_HAND.set(0)
        return True

    async def _write(self, records: Sequence[Outgoing]) -> None:
        """However long it takes."""
        while True:
            try:
                await self._writer.write(records)
            except NotWrittenError as error:
                self._kafka.began(str(error))
                await asyncio.sleep(FIRST_PAUSE_S)
            else:
                self._kafka.ended()
                return

    async def _out_of_time(self) -> None:
        await self._stop.wait()
        await asyncio.sleep(self._settings.intake_stop_s)

    async def _upkeep(self) -> None:
        """A sign of life, and what the dead left behind. Of a Redis that is away the work itself tells."""
        while not self._stop.is_set():
            with suppress(QueueError):
                await self._queue.beat()
                if number := await self._queue.recover():
                    RECOVERED.inc(number)
                    log.info("a worker died; what it had in hand is taken over", items=number)
            self._admission.sum_up()
            await self._pause(UPKEEP_S)

    async def _leave(self) -> None:
        self._admission.sum_up()
        try:
            left = await self._queue.leave(self._settled)
        except QueueError as error:
            log.warning("left without Redis; another worker repeats what was in hand", why=str(error))
        else:
            log.info("left", items_in_hand=left)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()


def _show(batch: Batch) -> None:
    QUEUED.set(batch.queued)
    ORPHANS.set(batch.orphans)
    IN_HAND.set(len(batch.entries))
    if not batch.entries:
        AGE.set(0)


def _age_s(answers: Sequence[Admitted | Reject]) -> float:
    times = [answer.event.event_time_ms for answer in answers if isinstance(answer, Admitted)]
    return max(0.0, time.time() - min(times) / 1000) if times else 0.0
