"""Read a queue from end to end and put everything back but what was acknowledged.

A quorum queue cannot be looked at without taking its messages. They are taken in windows, one channel with a
prefetch each, because a consumer may hold 65,535 at most; at the end every consumer is cancelled, and what is held
goes back to the head of the queue. A thousand messages keep their order; of many more the broker mixes
neighbours, because it joins returns that it has no time for.

Returning counts against the queue's delivery limit, so that must be practically unlimited: see returns.py. When
this process dies, the broker returns what it held.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from aiormq.abc import AbstractChannel, DeliveredMessage
from aiormq.exceptions import AMQPError

from sinks.rabbit.connection import CONNECTION_ERRORS, Link
from sinks.rabbit.consumer import Received
from sinks.rabbit.unacked import Unacked
from streams.settings import Settings

WINDOW = 2000  # bounds what waits in this process's memory
PIECE = 32  # more at once come back in no order: Erlang keeps larger maps by hash (RabbitMQ 3.10, tried)
QUIET_S = 0.3  # nothing came for so long: is the queue empty?
SETTLE_LOOKS, SETTLE_S = 100, 0.02  # a quorum queue takes returns in its own time


class BrowseError(Exception):
    """RabbitMQ is not there, or was lost; whatever was held is in the queue again."""


class _Window:
    """One channel and consumer, and the delivery tags that it holds, in their order."""

    def __init__(self, channel: AbstractChannel) -> None:
        self.channel, self.tag, self.unacked = channel, "", Unacked(channel)
        self.held: dict[int, None] = {}


class Browser:
    """One pass. Use as a context manager. `there` messages were ready at the start, `readers` others read along.

    With more than one reader each message goes to one of them: nobody sees what another holds.
    """

    def __init__(self, settings: Settings, queue: str) -> None:
        self._queue, self._timeout_s = queue, settings.confirm_timeout_s
        self._link = Link(settings.rabbitmq_url, f"capi browse {queue}")
        self._windows: list[_Window] = []
        self._waiting: asyncio.Queue[Received] = asyncio.Queue()
        self.there = self.readers = 0

    async def __aenter__(self) -> Self:
        try:
            self._control = await self._link.open(self._timeout_s)
            found = await self._control.queue_declare(self._queue, passive=True, timeout=self._timeout_s)
        except CONNECTION_ERRORS as error:
            self._link.drop()
            raise BrowseError(_why(error, self._queue)) from error
        self.there, self.readers = found.message_count or 0, found.consumer_count or 0
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(*CONNECTION_ERRORS):
            await self._give_back()
        await self._link.close()

    async def messages(self) -> AsyncIterator[Received]:
        """Those that were there at the start, once each, in the queue's order. Raises BrowseError."""
        left = self.there
        while left and (received := await self._next()) is not None:
            left -= 1
            yield received

    async def ack(self, taken: Sequence[Received]) -> None:
        """Take them out of the queue. Raises BrowseError when some may still be in it."""
        try:
            for window in self._windows:
                tags = [received.tag for received in taken if received.channel is window.channel]
                await self._ack(window, tags)
        except CONNECTION_ERRORS as error:
            raise BrowseError(_why(error, self._queue)) from error

    async def _ack(self, window: _Window, tags: Sequence[int]) -> None:
        for tag in tags:
            await window.channel.basic_ack(tag, wait=False)
            del window.held[tag]
        if tags:
            await self._carried_out(window.channel)

    async def _next(self) -> Received | None:
        try:
            return await self._wait()
        except CONNECTION_ERRORS as error:
            raise BrowseError(_why(error, self._queue)) from error

    async def _wait(self) -> Received | None:
        quiet = 0
        while quiet < 2:  # the first time, messages may still be on their way
            if self._waiting.empty() and (not self._windows or len(self._windows[-1].held) >= WINDOW):
                await self._open_window()
            try:
                async with asyncio.timeout(QUIET_S):
                    return await self._waiting.get()
            except TimeoutError:
                quiet = 0 if await self._ready() else quiet + 1
        return None

    async def _ready(self) -> int:
        declared = await self._control.queue_declare(self._queue, passive=True, timeout=self._timeout_s)
        return declared.message_count or 0

    async def _open_window(self) -> None:
        channel = await self._link.connection.channel()
        await channel.basic_qos(prefetch_count=WINDOW, timeout=self._timeout_s)
        window = _Window(channel)
        self._windows.append(window)

        async def take(message: DeliveredMessage) -> None:
            received = Received.of(message, window.unacked)
            window.held[received.tag] = None
            self._waiting.put_nowait(received)

        started = await channel.basic_consume(self._queue, take, timeout=self._timeout_s)
        window.tag = started.consumer_tag or ""

    async def _give_back(self) -> None:
        # all are cancelled before anything is returned, or the next window would be handed it again
        for window in self._windows:
            await window.channel.basic_cancel(window.tag, timeout=self._timeout_s)
        for window in self._windows:
            await self._return(window)
        await self._settled(sum(len(window.held) for window in self._windows))

    async def _settled(self, returned: int) -> None:
        """Until what was returned can be had again: before, the next look would find fewer."""
        for _ in range(SETTLE_LOOKS):
            if self.readers or await self._ready() >= returned:
                return
            await asyncio.sleep(SETTLE_S)

    async def _return(self, window: _Window) -> None:
        tags = [*window.held]
        for last in [*tags[PIECE - 1 : -1 : PIECE], *tags[-1:]]:
            await window.channel.basic_nack(last, multiple=True, requeue=True, wait=False)
        await self._carried_out(window.channel)

    async def _carried_out(self, channel: AbstractChannel) -> None:
        # an answer on the same channel: the broker has taken what was sent on it before
        await channel.queue_declare(self._queue, passive=True, timeout=self._timeout_s)


def _why(error: BaseException, queue: str) -> str:
    if isinstance(error, AMQPError) and "NOT_FOUND" in str(error):
        return f"there is no queue {queue}; run `capi queues apply`"
    return f"{_lost(queue)} ({type(error).__name__})"


def _lost(queue: str) -> str:
    return f"RabbitMQ does not answer for {queue}; what was held is in the queue again, see `capi doctor`"
