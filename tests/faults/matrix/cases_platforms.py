"""The platforms misbehave, by orders to their stand-in (agents/platforms/behaviour.py)."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import zlib
from typing import Any

from sinks.topology import PLATFORMS, QUEUE_PARKED
from tests.faults.matrix.arena import Arena
from tests.faults.matrix.case import case
from tests.faults.matrix.means import answered, verb, waiting

STORM_S, DEAD_S = 8.0, 20.0
SLOW_S = 2.0
SETTLED_S = 2.0  # what was refused is parked
ONE_IN = 12
GARBAGE = (
    "",
    "<html><h1>502 Bad Gateway</h1></html>",
    '{"events_received":',
    "[]",
    "null",
    '{"ok":true}',
    "\0\0\0",
)
META = "meta"


async def storm(arena: Arena, lasts_s: float, kind: str, *orders: dict[str, Any]) -> None:
    """The orders stand for `lasts_s`, and until the stand-in has answered so, `kind`, at least twice."""
    for order in orders:
        await arena.platforms.behave(**order)
    try:
        await asyncio.sleep(lasts_s)
        await answered(arena, kind, 2)
    finally:
        await arena.platforms.behave(mode="ok")


@case("platforms hang", "platforms", f"for {STORM_S:.0f} s no POST is answered, and none is taken")
async def hang(arena: Arena, rng: random.Random) -> None:
    await storm(arena, STORM_S, "hang", {"mode": "hang", "seconds": 60})


@case(
    "platforms take and keep silent",
    "platforms",
    "POSTs are taken, but not answered: they must be repeated",
    duplicates="any",
)
async def silent(arena: Arena, rng: random.Random) -> None:
    silence = {"mode": "hang", "seconds": 60, "accepted": True, "platform": rng.choice(PLATFORMS)}
    await storm(arena, STORM_S, "hang", {"mode": "reset", "accepted": True}, silence)


@case("platforms slow", "platforms", f"for {STORM_S:.0f} s each answer takes {SLOW_S:.0f} s")
async def slow(arena: Arena, rng: random.Random) -> None:
    await storm(arena, STORM_S, "ok", {"mode": "slow", "seconds": SLOW_S})


@case("platforms reset", "platforms", f"for {STORM_S:.0f} s connections are reset when the POST has been read")
async def reset(arena: Arena, rng: random.Random) -> None:
    await storm(arena, STORM_S, "reset", {"mode": "reset"})


@case("platforms fail", "platforms", f"for {STORM_S:.0f} s every answer is a 500")
async def fail(arena: Arena, rng: random.Random) -> None:
    await storm(arena, STORM_S, "500", {"mode": "500"})


@case("platforms throttle", "platforms", f"for {STORM_S:.0f} s every answer is a 429 with Retry-After: 1")
async def throttle(arena: Arena, rng: random.Random) -> None:
    await storm(arena, STORM_S, "429", {"mode": "429", "retry_after_s": 1})
    forget_rates(arena)


@case("meta throttles", "platforms", f"for {STORM_S:.0f} s every answer of Meta's is a 429 that says nothing more")
async def throttle_silently(arena: Arena, rng: random.Random) -> None:
    """TikTok documents five minutes for that, and gets them: longer than a run."""
    await storm(arena, STORM_S, "429", {"mode": "429", "platform": META})
    forget_rates(arena)


def forget_rates(arena: Arena) -> None:
    """A worker's rate comes back within minutes, by design; the next run is another one's."""
    for name, role in arena.roles.items():
        if name.startswith("deliver"):
            role.signal(signal.SIGTERM)


@case("token dead", "platforms", f"for {DEAD_S:.0f} s no token is good")
async def token_dead(arena: Arena, rng: random.Random) -> None:
    await storm(arena, DEAD_S, "190", {"mode": "refuse_token"})


@case(
    "garbage answers", "platforms", f"for {STORM_S:.0f} s answers are empty, cut, HTML, or JSON of something else"
)
async def garbage(arena: Arena, rng: random.Random) -> None:
    statuses = [(body, rng.choice((200, 200, 502))) for body in GARBAGE for _ in range(2)]
    rng.shuffle(statuses)
    # an order without `times` comes first, and counts when the others are used up
    orders = [{"mode": "answer", "body": "?", "status": 200}]
    orders += [{"mode": "answer", "body": body, "status": status, "times": 1} for body, status in statuses]
    await storm(arena, STORM_S, "as ordered", *orders)


@case("poison, named", "platforms", "one event in every batch is refused, by its index; then capi dead replay")
async def poison_named(arena: Arena, rng: random.Random) -> None:
    await _poison(arena, named=True)


@case("poison, unnamed", "platforms", "one event in every batch is refused, and not which; then capi dead replay")
async def poison_unnamed(arena: Arena, rng: random.Random) -> None:
    await _poison(arena, named=False)


async def _poison(arena: Arena, named: bool) -> None:
    """Only the poison is parked. The platform was wrong, so in the end it is sent again: docs/operations.md."""
    await storm(arena, STORM_S, " ", {"mode": "refuse_event", "one_in": ONE_IN, "named": named})
    await asyncio.sleep(SETTLED_S)
    parked = await waiting(arena, QUEUE_PARKED)
    assert parked, "nothing was refused"
    shown = await verb(arena, "dead", "show", "--limit", str(parked), "--json")
    ids = [json.loads(line)["job"]["event"]["event_id"] for line in shown.splitlines()]
    others = [event_id for event_id in ids if zlib.crc32(event_id.encode()) % ONE_IN]
    assert not others, f"{len(others)} of {parked} parked jobs were not refused, for example {others[:3]}"
    await verb(arena, "dead", "replay", "--all", "--per-second", "2000")
    assert not await waiting(arena, QUEUE_PARKED)
