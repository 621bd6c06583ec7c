"""Kafka dies and comes back, stands still, or loses one of three brokers."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path
from typing import Literal

from tests.faults.matrix.arena import Arena
from tests.faults.matrix.case import case
from tests.faults.matrix.kafka import KafkaNodes
from tests.faults.matrix.services import Services, plain

STILL_S = 15.0


def three_brokers(folder: Path) -> Services:
    """Every topic three times, two copies must have a record; else as usual."""
    return plain(folder)._replace(kafka=KafkaNodes(folder / "kafka-stack", 3))


@case("kill Kafka", "kafka", "kill -9 of the only broker, and its restart", duplicates="in flight", ci=True)
async def kill(arena: Arena, rng: random.Random) -> None:
    arena.kafka.kill()
    await asyncio.to_thread(arena.kafka.up)


@case("Kafka stands still", "kafka", "SIGSTOP of the only broker for 15 s", duplicates="in flight")
async def stand_still(arena: Arena, rng: random.Random) -> None:
    (pid,) = arena.kafka.pids()
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(STILL_S)
    finally:
        os.kill(pid, signal.SIGCONT)


async def lose(arena: Arena, rng: random.Random, role: Literal["leader", "follower"]) -> None:
    """kill -9 of a node that is `leader` or `follower` of one partition of the sessions' log."""
    partition = rng.randrange(arena.settings.partitions)
    node = await arena.kafka.node_that_is(role, arena.settings.topic("sessions.in"), partition)
    arena.kafka.kill_node(node)
    await asyncio.to_thread(arena.kafka.up)
    await arena.kafka.all_in_sync(arena.settings.topic("sessions.in"))


@case(
    "lose a leader",
    "kafka",
    "of three brokers the one dies that leads a partition of the sessions' log",
    duplicates="in flight",
    services=three_brokers,
)
async def lose_leader(arena: Arena, rng: random.Random) -> None:
    await lose(arena, rng, "leader")


@case(
    "lose a follower",
    "kafka",
    "of three brokers one dies that only follows in a partition of the sessions' log",
    duplicates="in flight",
    services=three_brokers,
)
async def lose_follower(arena: Arena, rng: random.Random) -> None:
    await lose(arena, rng, "follower")
