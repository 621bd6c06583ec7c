"""A role dies, is told to end, or stands still."""

from __future__ import annotations

import random

from tests.faults.matrix.arena import Arena
from tests.faults.matrix.case import case


@case("kill ingest", "roles", "kill -9 of the door behind Kafka")
async def kill_ingest(arena: Arena, rng: random.Random) -> None:
    arena.roles["ingest"].kill()
