"""How far a consumer group is, asked by one connection, and what it used between two looks."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka.structs import TopicPartition

from bench.processes import cpu_s
from sinks.kafka_admin import kafka_admin
from streams.settings import Settings
from tests.kafka import consumer_of

POLL_S = 0.1
Ends = Mapping[TopicPartition, int]


class Look(NamedTuple):
    """`done` records of those that were loaded, and CPU seconds of worker and broker so far."""

    done: int
    at_s: float
    cpu_s: float
    broker_cpu_s: float  # NaN when it is not known


async def ends_of(settings: Settings, name: str) -> dict[TopicPartition, int]:
    """Where each partition of a topic ends now."""
    async with consumer_of(settings, "read_uncommitted") as consumer:
        tps = [TopicPartition(settings.topic(name), partition) for partition in range(settings.partitions)]
        found: dict[TopicPartition, int] = await consumer.end_offsets(tps)
        return found


class Progress:
    """Of `group` up to `ends`. Whoever commits an offset has made durable what the records before it led to."""

    def __init__(self, admin: Any, group: str, ends: Ends, pid: int, broker: int | None) -> None:
        self._admin, self._group, self._ends, self._pid, self._broker = admin, group, ends, pid, broker

    async def look(self) -> Look:
        found = await self._admin.list_consumer_group_offsets(self._group, partitions=[*self._ends])
        done = sum(max(0, min(found[tp].offset, end)) for tp, end in self._ends.items() if tp in found)
        broker_s = cpu_s(self._broker) if self._broker else math.nan
        return Look(done, time.monotonic(), cpu_s(self._pid), broker_s)

    async def until(self, enough: Callable[[Look], bool], within_s: float) -> Look:
        """Raises TimeoutError, or FileNotFoundError when the worker is no more."""
        async with asyncio.timeout(within_s):
            while not enough(look := await self.look()):  # noqa: ASYNC110  another process's progress
                await asyncio.sleep(POLL_S)
            return look


@asynccontextmanager
async def progress_of(
    settings: Settings, ends: Ends, pid: int, broker: int | None = None
) -> AsyncIterator[Progress]:
    """Of the group of the session job."""
    async with kafka_admin(settings.kafka_servers) as admin:
        yield Progress(admin, f"{settings.namespace}-sessions", ends, pid, broker)
