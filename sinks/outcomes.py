"""What came of each attempt, to topic `outcomes`. Best effort: delivery never waits for Kafka here.

Records wait in a bounded queue, also those that Kafka did not take at the first try; when Kafka is away longer
than that lasts, the newest are dropped and counted. A clean end sends what waits first.
The truth about a job is its place in RabbitMQ; this topic is what the ledger shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from prometheus_client import Counter

from streams.events import Outcome, encode, session_key
from streams.settings import Settings

log = structlog.get_logger(__name__)

DROPPED = Counter("capi_outcomes_dropped_total", "Outcome records that Kafka did not get")

MOST_WAITING = 50_000
LINGER_MS = 50
REQUEST_TIMEOUT_MS = 10_000
CLOSE_TIMEOUT_S = 5.0
FIRST_PAUSE_S, MOST_PAUSE_S = 0.5, 10.0


class Outcomes:
    """`start` it, `record` outcomes without waiting, `close` it."""

    def __init__(self, settings: Settings) -> None:
        self._servers, self._topic = settings.kafka_servers, settings.topic("outcomes")
        self._waiting: asyncio.Queue[Outcome] = asyncio.Queue(MOST_WAITING)
        self._sender: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._sender = asyncio.create_task(self._send_for_ever())

    def record(self, outcomes: Iterable[Outcome]) -> None:
        """Take them for sending; drops what does not fit."""
        for outcome in outcomes:
            try:
                self._waiting.put_nowait(outcome)
            except asyncio.QueueFull:
                DROPPED.inc()

    async def close(self) -> None:
        """Send what waits, for at most CLOSE_TIMEOUT_S, and count the rest as dropped."""
        if self._sender is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._waiting.join()
        DROPPED.inc(self._waiting.qsize())
        self._sender.cancel()
        with suppress(asyncio.CancelledError):
            await self._sender

    async def _send_for_ever(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._servers, linger_ms=LINGER_MS, request_timeout_ms=REQUEST_TIMEOUT_MS
            )
            try:
                await producer.start()
                pause_s = FIRST_PAUSE_S
                await self._send(producer)
            except (KafkaError, OSError) as error:
                log.warning("outcomes wait for Kafka", why=type(error).__name__, waiting=self._waiting.qsize())
            finally:
                await _stop(producer)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, MOST_PAUSE_S)

    async def _send(self, producer: AIOKafkaProducer) -> None:
        while True:
            outcome = await self._waiting.get()
            try:
                key = session_key(outcome.tenant, outcome.session_id)
                future = await producer.send(self._topic, encode(outcome), key=key)
            except BaseException:
                self._again(outcome)
                raise
            future.add_done_callback(partial(self._done, outcome))

    def _done(self, outcome: Outcome, future: asyncio.Future[object]) -> None:
        if future.cancelled() or future.exception() is not None:
            self._again(outcome)
        else:
            self._waiting.task_done()

    def _again(self, outcome: Outcome) -> None:
        self.record([outcome])  # before task_done: close waits for it too
        self._waiting.task_done()


async def _stop(producer: AIOKafkaProducer) -> None:
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await producer.stop()
