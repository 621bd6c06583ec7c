"""A run's messages as one buffer of AMQP frames, and the confirms that come back for it.

aiormq writes and awaits one message at a time (6 k/s on the machine where this was measured). Here the frames
of some hundred messages go out in one write (25 k/s), with one future for all of them. This touches parts of
aiormq 7.2.4 that are not its public interface: `Channel.confirmations`, `delivery_tag`, `message_id_delivery_tag`
and `ChannelFrame`. tests/contract/test_rabbit_private.py fails when a new version changes what is relied on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, cast

import msgspec
from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from pamqp import commands
from pamqp.body import ContentBody
from pamqp.frame import marshal
from pamqp.header import ContentHeader

PERSISTENT = 2


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is published. `headers` hold no personal data; `message_id` is deterministic."""

    routing_key: str
    message_id: str
    body: bytes
    headers: dict[str, str | int] = {}


class Tally:
    """Stands in aiormq's table of confirmations for every message of one write, and counts their answers.

    `future` is the channel's: the last ack ends it, a nack, a return or the channel's end fails it. `forget` is
    called when the broker has answered for every message.
    """

    def __init__(self, future: asyncio.Future[None], left: int, forget: Callable[[], None]) -> None:
        self.future = future
        self._left, self._forget = left, forget

    def done(self) -> bool:
        return False  # never: aiormq would log each later confirm of a write that already failed

    def set_result(self, _: object) -> None:
        self._answered()
        if self._left == 0 and not self.future.done():
            self.future.set_result(None)

    def set_exception(self, error: BaseException) -> None:
        self._answered()
        if not self.future.done():
            self.future.set_exception(error)

    def _answered(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._forget()


async def write(channel: Channel, exchange: str, messages: Sequence[Message]) -> Tally:
    """Queue all messages as one write; the returned tally's future ends with the last confirm.

    Raises ChannelInvalidStateError on a closed channel. Cancelled before the write was queued, it leaves no trace.
    """
    async with channel.lock:
        first = channel.delivery_tag + 1
        # not sooner: aiormq logs a returned message with its body when its id is unknown
        tally = Tally(channel.create_future(), len(messages), lambda: _forget_ids(channel, first, messages))
        _register(channel, tally, messages)
        payload = b"".join(part for message in messages for part in _frames(channel, exchange, message))
        try:
            await channel.write_queue.put(ChannelFrame(payload=payload, should_close=False, drain_future=None))
        except BaseException:
            _unregister(channel, first, messages)
            tally.future.cancel()
            raise
    return tally


def _register(channel: Channel, tally: Tally, messages: Sequence[Message]) -> None:
    confirmations = cast(dict[int, Any], channel.confirmations)
    for message in messages:
        channel.delivery_tag += 1
        confirmations[channel.delivery_tag] = tally
        channel.message_id_delivery_tag[message.message_id] = channel.delivery_tag  # how a return finds its tally


def _unregister(channel: Channel, first: int, messages: Sequence[Message]) -> None:
    for tag in range(first, first + len(messages)):
        channel.confirmations.pop(tag, None)
    channel.delivery_tag = first - 1  # the broker has not seen them: its next number is still `first`
    _forget_ids(channel, first, messages)


def _forget_ids(channel: Channel, first: int, messages: Sequence[Message]) -> None:
    for tag, message in enumerate(messages, first):
        if channel.message_id_delivery_tag.get(message.message_id) == tag:
            del channel.message_id_delivery_tag[message.message_id]


def _frames(channel: Channel, exchange: str, message: Message) -> list[bytes]:
    properties = commands.Basic.Properties(
        content_type="application/json",
        delivery_mode=PERSISTENT,
        message_id=message.message_id,
        headers=cast(Any, message.headers),
    )
    header = ContentHeader(properties=properties, body_size=len(message.body))
    most = channel.max_content_size
    chunks = (message.body[start : start + most] for start in range(0, len(message.body), most))
    number = channel.number
    return [
        _method(exchange, message.routing_key, number),
        marshal(header, number),
        *(marshal(ContentBody(chunk), number) for chunk in chunks),
    ]


@lru_cache(maxsize=4096)
def _method(exchange: str, routing_key: str, number: int) -> bytes:
    # mandatory: were the alternate exchange missing, an unroutable job would come back and fail the write
    return marshal(commands.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=True), number)
