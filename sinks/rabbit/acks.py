"""Acknowledge many deliveries in one write: aiormq's own way costs a write and a drain for each.

A frame of its own for each delivery makes RabbitMQ settle each in its log and send the next message alone. So what
lies before the first delivery that is still in hand is acknowledged by one frame, up to the last of it.

Touches `Channel.write_queue` and `ChannelFrame` as sinks/rabbit/frames.py does, and is pinned by the same test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from struct import Struct
from typing import cast

from aiormq.abc import ChannelFrame
from aiormq.channel import Channel

from sinks.rabbit.connection import CONNECTION_ERRORS
from sinks.rabbit.consumer import Received
from sinks.rabbit.unacked import Unacked

ACK_TIMEOUT_S = 5.0

# AMQP 0-9-1, 1.8.3.13: method frame (1), channel, 13 bytes: class 60, method 80, delivery tag, multiple; end octet
_ack = Struct(">BHIHHQ?B")


async def acknowledge(deliveries: Sequence[Received]) -> int:
    """How many could not be acknowledged, because their connection is gone: the broker delivers them again."""
    by_channel: dict[Unacked, list[int]] = {}
    for received in deliveries:
        by_channel.setdefault(received.unacked, []).append(received.tag)
    late = 0
    for unacked, tags in by_channel.items():
        late += 0 if await _write(unacked, tags) else len(tags)
    return late


async def _write(unacked: Unacked, tags: Sequence[int]) -> bool:
    channel = cast(Channel, unacked.channel)
    if channel.is_closed:
        return False
    up_to, alone = unacked.settle(tags)
    payload = b"".join(frames(channel.number, up_to, alone))
    try:
        async with asyncio.timeout(ACK_TIMEOUT_S):
            await channel.write_queue.put(ChannelFrame(payload=payload, should_close=False, drain_future=None))
    except CONNECTION_ERRORS:
        return False
    return True


def frames(channel: int, up_to: int, alone: Iterable[int]) -> list[bytes]:
    """`up_to` 0: none; everything before it is acknowledged with it."""
    first = [(up_to, True)] if up_to else []
    each = [*first, *((tag, False) for tag in alone)]
    return [_ack.pack(1, channel, 13, 60, 80, tag, multiple, 0xCE) for tag, multiple in each]
