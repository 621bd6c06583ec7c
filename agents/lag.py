"""How far behind each role is, and what RabbitMQ holds: read once."""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec

from sinks.kafka_admin import kafka_admin
from sinks.offsets import Offsets, TopicEnds, committed
from sinks.rabbit_admin import RabbitAdmin
from streams.settings import Settings

READS: dict[str, tuple[str, ...]] = {
    "ingest": ("events",),
    "sessions": ("sessions.in",),
    "visitors": ("visitors.in",),
    "dispatch": ("batches",),
    "ledger": ("ledger.in", "batches", "outcomes", "rejects"),
}
PROBE_S = 2.0  # for the oldest records of a topic


class Lag(msgspec.Struct, kw_only=True):
    """One partition for one group. `committed` is None for a group that never read it, which then is no lag: an
    optional role. `age_s`: of the oldest record that was not read; None without one, or when it took too long."""

    group: str
    topic: str
    partition: int
    committed: int | None
    end: int
    lag: int = 0
    age_s: float | None = None


class Depth(msgspec.Struct, kw_only=True):
    """One queue, as of the broker's last sample (up to 5 s old). `leaving`: dead-lettered, and where they go has
    not confirmed them yet."""

    queue: str
    ready: int
    unacked: int
    leaving: int = 0


async def lags(settings: Settings) -> list[Lag]:
    """Raises OffsetsError and KafkaAdminError."""
    found: list[Lag] = []
    async with kafka_admin(settings.kafka_servers) as admin, TopicEnds(settings) as log:
        for role, names in READS.items():
            group = f"{settings.namespace}-{role}"
            read = await committed(admin, group)
            for topic in map(settings.topic, names):
                found += await _of_topic(log, group, topic, read.get(topic, {}))
    return found


async def _of_topic(log: TopicEnds, group: str, topic: str, read: Offsets) -> list[Lag]:
    """A topic that is written in transactions ends with their marks, which nobody has to read: then no lag."""
    ends = await log.ends(topic)
    starts = {n: offset for n, offset in read.items() if offset < ends.get(n, 0)}
    oldest = await log.oldest_ms(topic, starts, ends, PROBE_S) if starts else {}
    return [_row(group, topic, number, read.get(number), end, oldest) for number, end in ends.items()]


def _row(group: str, topic: str, number: int, read: int | None, end: int, oldest: Mapping[int, int | None]) -> Lag:
    row = Lag(group=group, topic=topic, partition=number, committed=read, end=end)
    if read is not None and number in oldest:
        row.lag, at_ms = end - read, oldest[number]
        row.age_s = None if at_ms is None else max(0.0, round(time.time() - at_ms / 1000, 1))
    return row


def depths(settings: Settings) -> list[Depth]:
    """Raises RabbitAdminError. A client site has no queues."""
    if settings.gateway_url:
        return []
    with RabbitAdmin(settings) as admin:
        found = admin.depths()
    return [Depth(queue=name, ready=of[0], unacked=of[1], leaving=of[2]) for name, of in sorted(found.items())]
