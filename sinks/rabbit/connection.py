"""One AMQP connection that can be closed politely or dropped at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, cast

from aiormq import Connection
from aiormq.abc import AbstractChannel
from aiormq.connection import TCPTransportFactory, TLSTransportFactory, TransportFactory
from aiormq.exceptions import AMQPError
from yarl import URL

from sinks.rabbit.deliveries import HEARTBEAT, Delivery, Splitter

HEARTBEAT_S = 10
UNBLOCKED = "_Connection__connection_unblocked"  # private in aiormq; tests/contract/test_rabbit_private.py pins it
CLOSE_TIMEOUT_S = 3.0
CONNECTION_ERRORS = (AMQPError, OSError, TimeoutError, RuntimeError, asyncio.InvalidStateError)


OnDeliveries = Callable[[Sequence[Delivery]], None]


class Intercept(asyncio.Protocol):
    """Stands between a transport and the client's stream: takes deliveries, hands on the rest."""

    def __init__(self, inner: asyncio.Protocol, on_deliveries: OnDeliveries) -> None:
        self._inner, self._on_deliveries = inner, on_deliveries
        self._splitter = Splitter()
        self._beat_s = 0.0

    def data_received(self, data: bytes) -> None:
        found, others = self._splitter.feed(data)
        if found:
            others = self._sign_of_life() + others
        if others:
            self._inner.data_received(others)
        if found:
            self._on_deliveries(found)

    def _sign_of_life(self) -> bytes:
        # a broker that sends deliveries sends no heartbeats, and aiormq, which sees none, would hang up
        now_s = monotonic()
        if now_s - self._beat_s < 1:
            return b""
        self._beat_s = now_s
        return HEARTBEAT

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()


class _Tap(TransportFactory):
    """The client's own transport, remembered: its close waits for a frozen broker, `drop` must not."""

    def __init__(self, scheme: str, on_deliveries: OnDeliveries | None) -> None:
        self.inner = TLSTransportFactory() if scheme == "amqps" else TCPTransportFactory()
        self.writer: asyncio.StreamWriter | None = None
        self._on_deliveries = on_deliveries

    async def create(self, url: URL, **kwargs: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, self.writer = await self.inner.create(url, **kwargs)
        if self._on_deliveries:
            transport = self.writer.transport  # silent so far: in AMQP the client speaks first
            inner = cast(asyncio.Protocol, transport.get_protocol())
            transport.set_protocol(Intercept(inner, self._on_deliveries))
        return reader, self.writer


class Link:
    """A connection to RabbitMQ. `url` as in CAPI_RABBITMQ_URL; `name` is what the broker's console shows.

    `on_deliveries` takes all that is delivered on it, in order; consumers of its channels are then not called.
    """

    def __init__(self, url: str, name: str, on_deliveries: OnDeliveries | None = None) -> None:
        address = URL(url).update_query(heartbeat=HEARTBEAT_S, name=name)
        self._tap = _Tap(address.scheme, on_deliveries)
        self.connection = Connection(address, transport_factory=self._tap)

    async def open(self, timeout_s: float, prefetch: int = 0) -> AbstractChannel:
        """Connect and open a channel with confirms. Raises CONNECTION_ERRORS; nothing stays open then."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.connection.connect()
                channel = await self.connection.channel()
                if prefetch:
                    await channel.basic_qos(prefetch_count=prefetch)
        except BaseException:
            self.drop()
            raise
        return channel

    @property
    def blocked(self) -> bool:
        """RabbitMQ takes nothing from this connection: a memory or disk alarm (AMQP's connection.blocked)."""
        unblocked: asyncio.Event = getattr(self.connection, UNBLOCKED)
        return self.connection.is_opened and not unblocked.is_set()

    async def close(self) -> None:
        """Say goodbye, for at most CLOSE_TIMEOUT_S."""
        with suppress(*CONNECTION_ERRORS):
            await self.connection.close(timeout=CLOSE_TIMEOUT_S)
        self.drop()

    def drop(self) -> None:
        """End it now. Under a memory alarm the broker reads nothing, so a polite close would hang."""
        if self._tap.writer is not None:
            self._tap.writer.transport.abort()
