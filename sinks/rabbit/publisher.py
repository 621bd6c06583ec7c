"""Publish a run of messages and return when RabbitMQ has confirmed every one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import cast

from aiormq.channel import Channel
from aiormq.exceptions import AMQPError, DeliveryError
from aiormq.exceptions import PublishError as Returned

from sinks.rabbit.connection import CONNECTION_ERRORS, Link
from sinks.rabbit.frames import Message, write
from streams.settings import Settings

__all__ = ["Message", "PublishError", "Publisher"]

WRITE_MESSAGES = 500
WRITES_IN_FLIGHT = 4
FIRST_PAUSE_S, MOST_PAUSE_S = 0.1, 5.0


class PublishError(Exception):
    """Not every message was confirmed. Some may have been taken: publish all again, ids are deterministic."""


class Publisher:
    """Publishes persistent JSON messages with confirms, and reconnects by itself at the next publish.

    Safe to share between tasks. A cancelled publish leaves nothing behind, but what it wrote may arrive.
    """

    def __init__(self, settings: Settings, name: str = "capi publisher") -> None:
        self._url, self._name = settings.rabbitmq_url, name
        self._timeout_s = settings.confirm_timeout_s
        self._slots = asyncio.Semaphore(WRITES_IN_FLIGHT)
        self._opening = asyncio.Lock()
        self._link: Link | None = None
        self._channel: Channel | None = None
        self._pause_s, self._not_before_s = 0.0, 0.0
        self._was_blocked = False  # when a write was given up, and none was confirmed since

    async def start(self) -> None:
        """Connect now instead of at the first publish. Raises PublishError."""
        await self._open_channel()

    async def close(self) -> None:
        link, self._link, self._channel = self._link, None, None
        if link is not None:
            await link.close()

    @property
    def blocked(self) -> bool:
        """RabbitMQ takes no messages at present: so also between the tries of a publish."""
        return self._was_blocked or (self._link is not None and self._link.blocked)

    async def publish(self, exchange: str, messages: Sequence[Message]) -> None:
        """Return when every message is confirmed; raises PublishError (lost, refused, returned, or too late)."""
        starts = range(0, len(messages), WRITE_MESSAGES)
        try:
            async with asyncio.TaskGroup() as writes:
                for start in starts:
                    writes.create_task(self._write(exchange, messages[start : start + WRITE_MESSAGES]))
        except* PublishError as group:
            why = str(group.exceptions[0])
        else:
            return
        raise PublishError(why)

    async def _write(self, exchange: str, messages: Sequence[Message]) -> None:
        async with self._slots:
            channel = await self._open_channel()
            try:
                async with asyncio.timeout(self._timeout_s):
                    tally = await write(channel, exchange, messages)
                    await _settled(tally.future)
            except TimeoutError:
                self._was_blocked = self.blocked
                self._drop(channel)
                raise PublishError(f"no confirm within {self._timeout_s:g} s") from None
            except CONNECTION_ERRORS as error:
                raise PublishError(f"connection lost ({type(error).__name__})") from error
            _check(tally.future)
            self._was_blocked = False

    async def _open_channel(self) -> Channel:
        async with self._opening:
            if self._channel is None or self._channel.is_closed or not self._channel.connection.is_opened:
                await asyncio.sleep(max(0.0, self._not_before_s - monotonic()))
                await self._connect()
            assert self._channel is not None  # noqa: S101 # nosec B101 # for mypy: _connect sets it or raises
            return self._channel

    async def _connect(self) -> None:
        if self._link is not None:
            self._link.drop()
        self._link = Link(self._url, self._name)
        try:
            self._channel = cast(Channel, await self._link.open(self._timeout_s))
        except CONNECTION_ERRORS as error:
            self._pause_s = min(max(2 * self._pause_s, FIRST_PAUSE_S), MOST_PAUSE_S)
            self._not_before_s = monotonic() + self._pause_s
            raise PublishError(f"cannot connect to RabbitMQ ({type(error).__name__})") from error
        self._pause_s = 0.0

    def _drop(self, channel: Channel) -> None:
        if self._channel is channel and self._link is not None:
            self._link.drop()
            self._channel = None


async def _settled(future: asyncio.Future[None]) -> None:
    # wait() tells our own cancellation from the channel's: aiormq fails futures with CancelledError when it closes
    try:
        await asyncio.wait([future])
    except asyncio.CancelledError:
        future.cancel()
        raise


def _check(future: asyncio.Future[None]) -> None:
    error = asyncio.CancelledError() if future.cancelled() else future.exception()
    if isinstance(error, Returned):
        raise PublishError("unroutable: no queue is bound; run `capi queues apply`") from error
    if isinstance(error, DeliveryError):
        raise PublishError("RabbitMQ refused it (nack)") from error
    if isinstance(error, AMQPError):
        raise PublishError(f"channel closed by RabbitMQ ({type(error).__name__}: {error})") from error
    if error is not None:
        raise PublishError(f"connection lost ({type(error).__name__})") from error
