"""Acknowledge many deliveries, each by itself, in one write: aiormq's own way costs a write and a drain for each.

Touches `Channel.write_queue` and `ChannelFrame` as sinks/rabbit/frames.py does, and is pinned by the same test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from pamqp import commands
from pamqp.frame import marshal

from sinks.rabbit.connection import CONNECTION_ERRORS
from sinks.rabbit.consumer import Received

ACK_TIMEOUT_S = 5.0


async def acknowledge(deliveries: Sequence[Received]) -> int:
    """How many could not be acknowledged, because their connection is gone: the broker delivers them again."""
    by_channel: dict[Channel, list[int]] = {}
    for received in deliveries:
        by_channel.setdefault(cast(Channel, received.channel), []).append(received.tag)
    late = 0
    for channel, tags in by_channel.items():
        late += 0 if await _write(channel, tags) else len(tags)
    return late


async def _write(channel: Channel, tags: Sequence[int]) -> bool:
    if channel.is_closed:
        return False
    payload = b"".join(marshal(commands.Basic.Ack(delivery_tag=tag), channel.number) for tag in tags)
    try:
        async with asyncio.timeout(ACK_TIMEOUT_S):
            await channel.write_queue.put(ChannelFrame(payload=payload, should_close=False, drain_future=None))
    except CONNECTION_ERRORS:
        return False
    return True
