"""How much is not read yet, and what waits in RabbitMQ, as pages show it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from agents.lag import Depth, Lag
from sinks.topology import PLATFORMS, QUEUE_PARKED, QUEUE_UNROUTED, Ladder, rungs, work_queue
from streams.ledger.story.words import named, span


class Behind(msgspec.Struct, frozen=True):
    """One role: records that it has not read, and the age of the oldest in seconds, None when nobody knows."""

    role: str
    lag: int
    age_s: float | None


class TopicBehind(msgspec.Struct, frozen=True):
    """One role in one topic. `behind` of `partitions` have records that it has not read; `age_s` as in Behind.
    `lag` is None when the role never read anything there: an optional one, or one that was never started."""

    role: str
    topic: str
    lag: int | None
    age_s: float | None
    behind: int
    partitions: int


class Whole(msgspec.Struct, frozen=True):
    """What is counted for all tenants together. None is what nobody says now."""

    sessions: int | None
    lag: list[Behind] | None
    queues: list[Depth] | None

    @property
    def lag_in_all(self) -> Behind | None:
        """None also while no role has read anything."""
        return Behind("", sum(one.lag for one in self.lag), _oldest_s(self.lag)) if self.lag else None

    @property
    def queued(self) -> int | None:
        """Messages of all queues."""
        return sum(one.ready + one.unacked for one in self.queues) if self.queues else None


def behind(rows: list[Lag], namespace: str) -> list[Behind]:
    """By role. One that never read is not there: it is an optional one."""
    by_role: dict[str, list[Lag]] = {}
    for row in rows:
        if row.committed is not None:
            by_role.setdefault(row.group.removeprefix(f"{namespace}-"), []).append(row)
    return [Behind(role, sum(row.lag for row in of), _oldest_s(of)) for role, of in by_role.items()]


def behind_by_topic(rows: list[Lag], namespace: str) -> list[TopicBehind]:
    """By role and topic, without the namespace that all of them begin with."""
    by_place: dict[tuple[str, str], list[Lag]] = {}
    for row in rows:
        place = row.group.removeprefix(f"{namespace}-"), row.topic.removeprefix(f"{namespace}.")
        by_place.setdefault(place, []).append(row)
    return [_of_topic(role, topic, of) for (role, topic), of in by_place.items()]


def _of_topic(role: str, topic: str, rows: list[Lag]) -> TopicBehind:
    read = any(row.committed is not None for row in rows)
    lag = sum(row.lag for row in rows) if read else None
    return TopicBehind(role, topic, lag, _oldest_s(rows), sum(row.lag > 0 for row in rows), len(rows))


def _oldest_s(rows: Iterable[Lag | Behind]) -> float | None:
    return max((row.age_s for row in rows if row.age_s is not None), default=None)


def what_waits(queue: str, ladder: Ladder) -> str:
    """What is in a queue, in words; "" for one that is not ours."""
    known = {work_queue(platform): f"jobs for {named(platform)}" for platform in PLATFORMS}
    known |= {rung.queue: f"jobs that are tried again after {span(rung.delay_s * 1000)}" for rung in rungs(ladder)}
    known |= {QUEUE_PARKED: "jobs that were given up", QUEUE_UNROUTED: "messages that no queue was bound for"}
    return known.get(queue, "")
