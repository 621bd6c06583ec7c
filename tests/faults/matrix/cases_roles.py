"""A role dies, is told to end, or stands still; session workers come and go."""

from __future__ import annotations

import asyncio
import random
import signal
from contextlib import suppress
from functools import partial

from aiokafka.errors import KafkaError

from tests.faults.faults import STOPPED_S, Trouble, schedule
from tests.faults.matrix.arena import Arena
from tests.faults.matrix.case import Duplicates, case
from tests.faults.matrix.health import Group, groups
from tests.faults.roles import Role
from tests.kafka import eventually

ENDS_WITHIN_S = 20.0  # the roles' own bound is 6 s here; a busy machine adds to it
JOINED_WITHIN_S, LOOK_S = 60.0, 0.1
IN_RESTORE_S = (0.0, 0.5)
WHAT = {  # role -> what is lost with it
    "collect": "requests that are under way; senders repeat them",
    "intake": "items that it has taken from Redis",
    "ingest": "a run under way",
    "sessions": "a run under way, and its windows",
    "visitors": "a run under way, and its memory",
    "dispatch": "batches of which some jobs are in RabbitMQ and some are not",
    "deliver": "jobs that are posted and not acknowledged",
    "ledger": "a run under way, and its book",
}
AT_LEAST_ONCE = ("dispatch", "deliver")


def one_of(arena: Arena, rng: random.Random, role: str) -> Role:
    """One process of the role that runs now."""
    running = [each for name, each in arena.roles.items() if name.partition("-")[0] == role and each.running]
    return rng.choice(running)


async def kill(role: str, arena: Arena, rng: random.Random) -> None:
    one_of(arena, rng, role).kill()


async def end(role: str, arena: Arena, rng: random.Random) -> None:
    """SIGTERM: it must end by itself, in time, with 0."""
    process = one_of(arena, rng, role)
    ended = len(process.exits)
    process.signal(signal.SIGTERM)
    await eventually(lambda: len(process.exits) > ended, ENDS_WITHIN_S)
    if process.exits[ended]:
        raise AssertionError(f"{process.name} ended with {process.exits[ended]}")


async def freeze(role: str, arena: Arena, rng: random.Random) -> None:
    """Longer than Kafka waits for it: it wakes up as a former owner."""
    process = one_of(arena, rng, role)
    process.signal(signal.SIGSTOP)
    await asyncio.sleep(rng.uniform(*STOPPED_S))
    process.signal(signal.SIGCONT)


for _role, _lost in WHAT.items():
    _may: Duplicates = "in flight" if _role in AT_LEAST_ONCE else "none"
    case(f"kill {_role}", "roles", f"kill -9 of `{_role}`: {_lost}", duplicates=_may)(partial(kill, _role))
for _role in WHAT:
    case(f"end {_role}", "roles", f"SIGTERM to `{_role}`: it ends in time with exit code 0")(partial(end, _role))
for _role in ("sessions", "ingest", "dispatch"):
    case(
        f"freeze {_role}",
        "roles",
        f"SIGSTOP of `{_role}` past the session time-out, then SIGCONT: a former owner must not write",
        duplicates="in flight" if _role in AT_LEAST_ONCE else "none",
        ci=_role == "sessions",
    )(partial(freeze, _role))


async def group_is(arena: Arena, *states: str, members: int | None = None) -> Group:
    """Waits until the session workers' group is in one of these states, with so many members if that matters."""

    async def there() -> Group | None:
        with suppress(KafkaError, OSError, TimeoutError):
            group = (await groups(arena, ["sessions"]))["sessions"]
            return group if group.state in states and members in (None, group.members) else None
        return None

    found: Group = await eventually(there, JOINED_WITHIN_S, LOOK_S)
    return found


@case("kill sessions in recovery", "roles", "kill -9 of a session worker, and again while it restores its windows")
async def kill_in_recovery(arena: Arena, rng: random.Random) -> None:
    process = one_of(arena, rng, "sessions")
    process.kill()
    await group_is(arena, "PreparingRebalance", "CompletingRebalance")
    await group_is(arena, "Stable")
    await asyncio.sleep(rng.uniform(*IN_RESTORE_S))
    process.kill()


@case("kill sessions in rebalance", "roles", "kill -9 of a session worker while a third one joins")
async def kill_in_rebalance(arena: Arena, rng: random.Random) -> None:
    process = one_of(arena, rng, "sessions")
    await arena.start_role("sessions-3")
    await group_is(arena, "PreparingRebalance", "CompletingRebalance")
    process.kill()
    await group_is(arena, "Stable", members=3)
    await arena.stop_role("sessions-3")


@case("scale sessions", "scale", "1, then 3, then 2 session workers under load", min_duration_s=25.0)
async def scale(arena: Arena, rng: random.Random) -> None:
    await arena.stop_role("sessions-2")
    await group_is(arena, "Stable", members=1)
    await arena.start_role("sessions-2")
    await arena.start_role("sessions-3")
    await group_is(arena, "Stable", members=3)
    await arena.stop_role("sessions-3")
    await group_is(arena, "Stable", members=2)


@case(
    "everything at once",
    "roles",
    "12 faults in 40 s: every role and the broker killed, session workers frozen, recoveries hit too",
    duplicates="in flight",
    min_duration_s=45.0,
)
async def everything(arena: Arena, rng: random.Random) -> None:
    frozen = [name for name in arena.roles if name.startswith("sessions")]
    faults = schedule(rng.randrange(1_000_000), 12, 40.0, list(arena.roles), frozen)
    await Trouble(faults, arena.roles, arena.kafka, arena.say).run()
    await asyncio.to_thread(arena.kafka.up)
