"""What goes wrong with delivery, each until its end: nothing is left broken when a fault returns.

A fault says how often it struck; 0 means that it did not, and the test proves nothing.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from random import Random
from time import monotonic
from typing import NamedTuple

from agents.platforms.behaviour import Order
from tests.faults.deliver_jobs import PIXELS
from tests.faults.deliver_kills import (
    STRUCK_S,
    killed_between_post_and_ack,
    killed_between_retry_and_ack,
    one_of_two_frozen,
)
from tests.faults.deliver_site import Site
from tests.kafka import eventually

ALARM_S = 14.0  # several publishes time out meanwhile
BLACKHOLE_S = 28.0  # longer than both sides' heartbeats bear
STOPS_WITHIN_S = 25.0  # CAPI_STOP_TIMEOUT_S and what saying goodbye takes

Strike = Callable[[Site, Random], Awaitable[int]]


class Fault(NamedTuple):
    """What strikes a site of so many workers."""

    strike: Strike
    workers: int = 1


async def rabbit_killed_mid_ladder(site: Site, rng: Random) -> int:
    """kill -9 of RabbitMQ while many jobs are on the rungs of 2 and 4 s, once for each thousand of them."""
    kills = max(1, len(site.jobs) // 1_000)
    for _ in range(kills):
        site.platforms.fails = 0.8
        await eventually(lambda: _full_rungs(site), STRUCK_S)
        await asyncio.sleep(rng.uniform(0, 2.5))
        assert site.rabbit.kill()
        site.platforms.fails = 0.3
        await site.rabbit_up()
    site.platforms.fails = 0.0
    return kills


async def _full_rungs(site: Site) -> bool:
    return await site.on_rungs() >= 150


async def memory_alarm(site: Site, rng: Random) -> int:
    return await _alarm(site, rng, site.rabbit.set_memory_alarm)


async def disk_alarm(site: Site, rng: Random) -> int:
    return await _alarm(site, rng, site.rabbit.set_disk_alarm)


async def _alarm(site: Site, rng: Random, switch: Callable[[bool], None]) -> int:
    """RabbitMQ takes nothing: /healthz says so all the time, and again that all is well when it is over."""
    site.platforms.fails = 0.5
    await eventually(lambda: _some_rungs(site), STRUCK_S)
    await asyncio.sleep(rng.uniform(0, 2))
    await asyncio.to_thread(switch, True)
    try:
        await eventually(lambda: _blocked(site), STRUCK_S)
        until_s, unsaid = monotonic() + ALARM_S, 0
        while monotonic() < until_s:
            unsaid += not await _blocked(site)
            await asyncio.sleep(0.2)
    finally:
        await asyncio.to_thread(switch, False)
        site.platforms.fails = 0.0
    assert not unsaid, f"/healthz said {unsaid} times that RabbitMQ was not blocked"
    await site.workers_up()
    return 1


async def _some_rungs(site: Site) -> bool:
    return await site.on_rungs() > 0


async def _blocked(site: Site) -> bool:
    return (await site.health()).get("rabbitmq_blocked") is True


async def platform_hangs(site: Site, rng: Random) -> int:
    return await _misbehave(site, rng, Order(mode="hang", seconds=600, times=1))


async def platform_resets(site: Site, rng: Random) -> int:
    return await _misbehave(site, rng, Order(mode="reset", times=1))


async def platform_is_slow(site: Site, rng: Random) -> int:
    return await _misbehave(site, rng, Order(mode="slow", seconds=1.7, times=1))


async def _misbehave(site: Site, rng: Random, order: Order) -> int:
    """At random moments one pixel's next POST, half of the times with its events taken all the same."""
    strikes = 14
    for _ in range(strikes):
        platform, pixel = rng.choice(PIXELS)
        accepted = order.mode != "slow" and rng.random() < 0.5
        site.platforms.orders.give(
            Order(
                mode=order.mode, seconds=order.seconds, times=1, platform=platform, pixel=pixel, accepted=accepted
            )
        )
        await asyncio.sleep(rng.uniform(0.1, 0.9))
    await eventually(lambda: len(site.platforms.orders.standing) <= strikes // 2, STRUCK_S)
    left = len(site.platforms.orders.standing)
    site.platforms.orders.clear()
    return strikes - left


async def stopped_under_a_memory_alarm(site: Site, rng: Random) -> int:
    """SIGTERM while jobs cannot be moved: the worker ends in time and in order, and its jobs are still there."""
    site.platforms.fails = 0.5
    await eventually(lambda: _some_rungs(site), STRUCK_S)
    await asyncio.to_thread(site.rabbit.set_memory_alarm, True)
    try:
        await eventually(lambda: _blocked(site), STRUCK_S)
        await asyncio.sleep(rng.uniform(0, 2))
        site.worker.signal(signal.SIGTERM)
        await eventually(lambda: site.worker.exits, STOPS_WITHIN_S)
    finally:
        await asyncio.to_thread(site.rabbit.set_memory_alarm, False)
        site.platforms.fails = 0.0
    assert site.worker.exits == [0]
    await site.note_in_flight()
    await site.workers_up()
    return 1


async def wire_cut_and_silent(site: Site, rng: Random) -> int:
    """The worker's connections to RabbitMQ end at random moments; then nothing passes, and nobody is told."""
    site.platforms.fails = 0.3
    cuts = 0
    for _ in range(5):
        await site.workers_up()
        await asyncio.sleep(rng.uniform(0, 1.0))
        cuts += site.wire.cut() > 0
    await site.workers_up()
    site.wire.open.clear()
    await asyncio.sleep(BLACKHOLE_S)
    site.wire.open.set()
    site.platforms.fails = 0.0
    await site.workers_up()
    return cuts + 1


FAULTS: dict[str, Fault] = {
    "worker killed between POST and ack": Fault(killed_between_post_and_ack),
    "one of two workers killed so": Fault(killed_between_post_and_ack, workers=2),
    "worker killed between retry and ack": Fault(killed_between_retry_and_ack),
    "one of two workers frozen": Fault(one_of_two_frozen, workers=2),
    "RabbitMQ killed mid-ladder": Fault(rabbit_killed_mid_ladder),
    "memory alarm": Fault(memory_alarm),
    "stopped under a memory alarm": Fault(stopped_under_a_memory_alarm),
    "disk alarm": Fault(disk_alarm),
    "platform hangs": Fault(platform_hangs),
    "platform resets": Fault(platform_resets),
    "platform is slow": Fault(platform_is_slow),
    "connection cut, then silent": Fault(wire_cut_and_silent),
}
