"""Consume one queue with a prefetch, through broker restarts, and say so when that is no longer possible."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any

import msgspec
import structlog
from aiormq.abc import AbstractChannel, DeliveredMessage
from aiormq.exceptions import AMQPError

from sinks.rabbit.connection import CONNECTION_ERRORS, Link
from sinks.rabbit.deliveries import Delivery, read_properties
from sinks.rabbit.unacked import Unacked
from streams.settings import Settings

log = structlog.get_logger(__name__)

RECONNECT_S = 60.0  # then the process ends, and its supervisor starts it anew
FIRST_PAUSE_S, MOST_PAUSE_S = 0.2, 5.0
ACK_TIMEOUT_S = 5.0


class ConsumerLostError(Exception):
    """The queue is gone or RabbitMQ does not come back; the message says what to do."""


class Received(msgspec.Struct, frozen=True, eq=False):
    """One delivery of the broker, to be acknowledged on the channel it came from."""

    body: bytes
    headers: Mapping[str, Any]
    routing_key: str
    message_id: str
    tag: int
    unacked: Unacked

    @property
    def channel(self) -> AbstractChannel:
        return self.unacked.channel

    @classmethod
    def of(cls, message: DeliveredMessage, unacked: Unacked) -> Received:
        properties = message.header.properties
        return cls(
            body=message.body,
            headers=properties.headers or {},
            routing_key=message.routing_key or "",
            message_id=properties.message_id or "",
            tag=message.delivery_tag or 0,
            unacked=unacked,
        )


OnMessage = Callable[[Received], None]


class Consumer:
    """`on_message` is called for each delivery, in order, at most `settings.prefetch` unacknowledged ones."""

    def __init__(self, settings: Settings, queue: str, on_message: OnMessage) -> None:
        self._settings, self._queue, self._on_message = settings, queue, on_message
        self._link: Link | None = None
        self._channel: AbstractChannel | None = None
        self._unacked: Unacked | None = None
        self._tag = ""
        self._failed: asyncio.Future[None] | None = None
        self.deliveries = 0  # since the process began

    @property
    def attached(self) -> bool:
        """Whether there is a connection that the queue is consumed on."""
        return bool(self._tag) and self._channel is not None and not self._channel.is_closed

    async def depth(self) -> int | None:
        """Messages ready in the queue; None when RabbitMQ does not say."""
        if self._channel is None or self._channel.is_closed:
            return None
        try:
            declared = await self._channel.queue_declare(self._queue, passive=True, timeout=ACK_TIMEOUT_S)
        except CONNECTION_ERRORS:
            return None
        return declared.message_count

    def resubscribe(self) -> None:
        """Consume anew on a new connection; what is unacknowledged comes again."""
        self._drop()

    def fail(self, why: str) -> None:
        """End `run` with ConsumerLostError."""
        self._fail(ConsumerLostError(why))

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; the connection then stays open for the acks still to come, see `close`.

        Raises ConsumerLostError, and whatever `on_message` raised.
        """
        while not stop.is_set() and await self._attach(stop):
            await self._watch(stop)
        await self._cancel()

    async def close(self) -> None:
        """Everything that was not acknowledged goes back to the queue."""
        if self._link is not None:
            await self._link.close()

    async def _attach(self, stop: asyncio.Event) -> bool:
        deadline, pause_s = monotonic() + RECONNECT_S, FIRST_PAUSE_S
        while not stop.is_set():
            try:
                await self._consume()
            except CONNECTION_ERRORS as error:
                why = f"{type(error).__name__}: {error}" if isinstance(error, AMQPError) else type(error).__name__
            else:
                return True
            self._drop()
            if monotonic() > deadline:
                raise ConsumerLostError(f"{self._queue} cannot be consumed ({why}); run `capi doctor`")
            log.warning("cannot consume; trying again", queue=self._queue, why=why, pause_s=pause_s)
            await _first_of([asyncio.ensure_future(stop.wait())], pause_s)
            pause_s = min(2 * pause_s, MOST_PAUSE_S)
        return False

    async def _consume(self) -> None:
        self._failed, self._tag = asyncio.get_running_loop().create_future(), ""
        self._link = Link(self._settings.rabbitmq_url, f"capi deliver {self._queue}", self._take)
        timeout_s = self._settings.confirm_timeout_s
        self._channel = await self._link.open(timeout_s, prefetch=self._settings.prefetch)
        self._unacked = Unacked(self._channel)
        self._channel.on_consumer_cancel_callbacks.add(self._cancelled_by_broker)
        await self._channel.queue_declare(self._queue, passive=True, timeout=timeout_s)
        started = await self._channel.basic_consume(self._queue, _taken_before, timeout=timeout_s)
        self._tag = started.consumer_tag or ""
        log.info("consuming", queue=self._queue, prefetch=self._settings.prefetch)

    async def _watch(self, stop: asyncio.Event) -> None:
        assert self._failed is not None and self._channel is not None and self._link is not None  # noqa: S101 # nosec B101 # for mypy
        failed, closing = self._failed, [self._channel.closing, self._link.connection.closing]
        await _first_of([asyncio.ensure_future(stop.wait()), failed, *closing])
        if failed.done() and not failed.cancelled():
            failed.result()
        if not stop.is_set():
            log.warning("connection to RabbitMQ lost; connecting again", queue=self._queue)
            self._drop()

    def _take(self, deliveries: Sequence[Delivery]) -> None:
        unacked = self._unacked
        assert unacked is not None  # noqa: S101 # nosec B101 # nothing is delivered before `_consume` has it
        unacked.came(delivery.tag for delivery in deliveries)
        self.deliveries += len(deliveries)
        for _, tag, routing_key, properties, body in deliveries:
            headers, message_id = read_properties(properties)
            received = Received(body, headers, routing_key, message_id, tag, unacked)
            try:
                self._on_message(received)
            except Exception as error:
                self._fail(error)

    async def _cancelled_by_broker(self, _: object) -> None:
        self._fail(ConsumerLostError(f"{self._queue} was deleted or moved; run `capi queues plan`"))

    def _fail(self, error: Exception) -> None:
        if self._failed is not None and not self._failed.done():
            self._failed.set_exception(error)

    async def _cancel(self) -> None:
        if self._channel is not None and not self._channel.is_closed and self._tag:
            try:
                await self._channel.basic_cancel(self._tag, timeout=ACK_TIMEOUT_S)
            except CONNECTION_ERRORS:
                self._drop()

    def _drop(self) -> None:
        if self._link is not None:
            self._link.drop()


async def _taken_before(_: DeliveredMessage) -> None:
    """What aiormq would call for a delivery; the link has taken it."""


async def _first_of(futures: list[asyncio.Future[Any]], timeout_s: float | None = None) -> None:
    try:
        await asyncio.wait(futures, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for future in futures:
            future.cancel()
