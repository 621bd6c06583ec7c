"""One AMQP connection that can be closed politely or dropped at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from aiormq import Connection
from aiormq.abc import AbstractChannel
from aiormq.connection import TCPTransportFactory, TLSTransportFactory, TransportFactory
from aiormq.exceptions import AMQPError
from yarl import URL

HEARTBEAT_S = 10
UNBLOCKED = "_Connection__connection_unblocked"  # private in aiormq; tests/contract/test_rabbit_private.py pins it
CLOSE_TIMEOUT_S = 3.0
CONNECTION_ERRORS = (AMQPError, OSError, TimeoutError, RuntimeError, asyncio.InvalidStateError)


class _Tap(TransportFactory):
    """The client's own transport, remembered: its close waits for a frozen broker, `drop` must not."""

    def __init__(self, scheme: str) -> None:
        self.inner = TLSTransportFactory() if scheme == "amqps" else TCPTransportFactory()
        self.writer: asyncio.StreamWriter | None = None

    async def create(self, url: URL, **kwargs: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, self.writer = await self.inner.create(url, **kwargs)
        return reader, self.writer


class Link:
    """A connection to RabbitMQ. `url` as in CAPI_RABBITMQ_URL; `name` is what the broker's console shows."""

    def __init__(self, url: str, name: str) -> None:
        address = URL(url).update_query(heartbeat=HEARTBEAT_S, name=name)
        self._tap = _Tap(address.scheme)
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
