"""A role dies at a given step inside its work: tests/faults/matrix/dying puts the end there."""

from __future__ import annotations

import asyncio
import random

from sinks.topology import PLATFORMS
from tests.faults.collect import members
from tests.faults.matrix.arena import Arena
from tests.faults.matrix.case import case
from tests.faults.matrix.extra import trickle
from tests.faults.matrix.steps import Step, dies
from tests.kafka import eventually

SOON, LATER = 3, 12  # calls after which a point strikes, at most
COMES_BACK_S = 6.0
JOIN_S = 40.0


def soon(rng: random.Random, at: str) -> Step:
    return Step(at, rng.randint(1, SOON))


def later(rng: random.Random, at: str) -> Step:
    return Step(at, rng.randint(1, LATER))


@case(
    "die in ingest",
    "steps",
    "kill -9 of ingest with a run written but not committed; committed but not known",
    foreign=True,
)
async def in_ingest(arena: Arena, rng: random.Random) -> None:
    async with trickle(arena):
        await dies(
            arena,
            "ingest",
            later(rng, "events written, not committed"),
            later(rng, "events committed, not known here"),
        )


@case(
    "die in a session's transaction",
    "steps",
    "kill -9 of a session worker between outbox and state; before the commit; behind it",
    ci=True,
    foreign=True,
)
async def in_transaction(arena: Arena, rng: random.Random) -> None:
    async with trickle(arena):
        await dies(
            arena,
            "sessions-1",
            soon(rng, "outbox written, state not"),
            later(rng, "batches and state written, not committed"),
            later(rng, "batches committed, not known here"),
        )


@case(
    "die taking over",
    "steps",
    "kill -9 of a session worker that has shut the former owner out; half restored; giving partitions away",
    foreign=True,
)
async def taking_over(arena: Arena, rng: random.Random) -> None:
    async with trickle(arena):
        await dies(
            arena, "sessions-1", Step("former owner shut out, nothing restored"), later(rng, "half restored")
        )
        await _giving_away(arena)


async def _giving_away(arena: Arena) -> None:
    """A third worker joins, so the first one has to give something away."""
    dying = asyncio.create_task(dies(arena, "sessions-1", Step("giving partitions away")))
    try:
        await asyncio.sleep(COMES_BACK_S)  # its leaving and coming back is too quick to be seen by members
        await _joined(arena, 2)
        await arena.start_role("sessions-3")
        await dying
    finally:
        dying.cancel()
        if "sessions-3" in arena.roles:
            await arena.stop_role("sessions-3")


@case("die drawing", "steps", "kill -9 of a session worker that has just drawn its mirror in Redis", foreign=True)
async def drawing(arena: Arena, rng: random.Random) -> None:
    async with trickle(arena):
        await dies(arena, "sessions-2", later(rng, "mirror drawn, not known here"))


@case(
    "die in visitors",
    "steps",
    "kill -9 of the visitors' memory between outbox and state; before the commit; with its table half restored",
    foreign=True,
)
async def in_visitors(arena: Arena, rng: random.Random) -> None:
    async with trickle(arena):
        await dies(
            arena,
            "visitors",
            soon(rng, "outbox written, state not"),
            later(rng, "state written, not committed"),
            later(rng, "half restored"),
        )


@case(
    "die in dispatch",
    "steps",
    "kill -9 of dispatch with half of its jobs published; all confirmed; all told to the ledger, not committed",
    duplicates="in flight",
    foreign=True,
)
async def in_dispatch(arena: Arena, rng: random.Random) -> None:
    async with trickle(arena):
        await dies(
            arena,
            "dispatch",
            soon(rng, "half of the jobs published"),
            soon(rng, "jobs confirmed, nobody told"),
            soon(rng, "jobs confirmed and told, not committed"),
        )


@case(
    "die in deliver",
    "steps",
    "kill -9 of a delivery worker between claim and POST; behind the POST; remembered; before and behind the ack",
    duplicates="in flight",
    foreign=True,
)
async def in_deliver(arena: Arena, rng: random.Random) -> None:
    async with trickle(arena):
        await dies(
            arena,
            "deliver-1",
            soon(rng, "claimed, not posted"),
            soon(rng, "posted, not remembered"),
            soon(rng, "remembered, not acknowledged"),
            soon(rng, "about to acknowledge"),
            soon(rng, "acknowledged, not forgotten here"),
        )


@case(
    "die between retry and ack",
    "steps",
    "the platforms fail; kill -9 of a delivery worker that has put jobs on a rung and not acknowledged them",
    duplicates="in flight",
    foreign=True,
)
async def between_retry_and_ack(arena: Arena, rng: random.Random) -> None:
    async with trickle(arena):
        for platform in PLATFORMS:
            await arena.platforms.behave(platform=platform, mode="500")
        try:
            await dies(arena, "deliver-2", Step("on a rung, not acknowledged"))
        finally:
            for platform in PLATFORMS:
                await arena.platforms.behave(platform=platform, mode="ok")


@case(
    "die in collect",
    "steps",
    "kill -9 of the HTTP door when Kafka has the events and nobody was answered",
    foreign=True,
)
async def in_collect(arena: Arena, rng: random.Random) -> None:
    async with trickle(arena):
        await dies(arena, "collect", soon(rng, "in Kafka, not answered"), soon(rng, "in Kafka, not answered"))


@case(
    "die in intake",
    "steps",
    "kill -9 of the Redis door with items taken; and with items that Kafka has but Redis still holds",
    foreign=True,
)
async def in_intake(arena: Arena, rng: random.Random) -> None:
    async with trickle(arena):
        await dies(arena, "intake", soon(rng, "taken, not in Kafka"), soon(rng, "in Kafka, not answered"))


@case(
    "die in ledger",
    "steps",
    "kill -9 of the ledger before its commit; and with its table half restored",
    foreign=True,
)
async def in_ledger(arena: Arena, rng: random.Random) -> None:
    async with trickle(arena):
        await dies(arena, "ledger", later(rng, "state written, not committed"), later(rng, "half restored"))


async def _joined(arena: Arena, workers: int) -> None:
    async def all_there() -> bool:
        return await members(arena.settings, "sessions") == workers

    await eventually(all_there, JOIN_S, every_s=0.5)
