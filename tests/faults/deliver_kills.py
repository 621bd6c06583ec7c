"""Workers of delivery that are killed or frozen: see deliver_faults.py."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from functools import partial
from random import Random

from agents.platforms.behaviour import Order
from tests.faults.deliver_site import Site
from tests.kafka import eventually

KILLS = 4
STRUCK_S = 45.0  # a fault that waits for work finds it sooner
FROZEN_S = 28.0  # longer than RabbitMQ waits for a sign of life
CONFIRM = b"\0\0\0\x0d\0\x3c\0\x50"  # size 13, then basic.ack: from RabbitMQ that is a publisher's confirm

Kill = Callable[[], object]


async def killed_between_post_and_ack(site: Site, rng: Random) -> int:
    """kill -9 when the platform has taken a POST: before it answers, or some milliseconds after that."""
    return await _kill_often(site, rng, lambda kill: site.platforms.call_at(rng.randint(1, 8), kill))


async def killed_between_retry_and_ack(site: Site, rng: Random) -> int:
    """kill -9 while RabbitMQ's confirm for jobs on a rung is on its way: they are there, and not acknowledged."""
    site.platforms.fails = 0.5

    def arm(kill: Kill) -> None:
        left = rng.randint(1, 4)

        def see(piece: bytes) -> None:
            nonlocal left
            left -= CONFIRM in piece
            if left == 0:
                site.wire.on_answer = None
                kill()

        site.wire.on_answer = see

    try:
        return await _kill_often(site, rng, arm, most_late_s=0)
    finally:
        site.platforms.fails, site.wire.on_answer = 0.0, None


async def _kill_often(site: Site, rng: Random, arm: Callable[[Kill], None], most_late_s: float = 0.03) -> int:
    """`arm` has the worker killed at a moment; at once, or in half of the cases up to `most_late_s` later."""
    for kills in range(KILLS):
        await site.workers_up()
        dead, late_s = asyncio.Event(), rng.choice((0.0, rng.uniform(0, most_late_s)))
        arm(_killer(site, dead, late_s))
        await eventually(lambda: dead.is_set() or site.all_taken, STRUCK_S)  # noqa: B023 (awaited here)
        await asyncio.sleep(most_late_s)
        if not dead.is_set():  # there was not enough work left
            site.platforms.call_at(0, int)
            return kills
        await site.note_in_flight()
    return KILLS


def _killer(site: Site, dead: asyncio.Event, late_s: float) -> Kill:
    def kill() -> None:
        site.worker.kill()
        dead.set()

    return partial(asyncio.get_running_loop().call_later, late_s, kill) if late_s else kill


async def one_of_two_frozen(site: Site, rng: Random) -> int:
    """SIGSTOP of a worker for longer than RabbitMQ waits for it: the other gets its jobs, and then it goes on."""
    site.platforms.orders.give(Order(mode="slow", seconds=0.3))
    await site.workers_up()
    await asyncio.sleep(rng.uniform(0.5, 2.0))
    site.worker.signal(signal.SIGSTOP)
    await site.note_in_flight(claimed=True)
    await asyncio.sleep(FROZEN_S)
    site.worker.signal(signal.SIGCONT)
    site.platforms.orders.clear()
    await site.workers_up()
    return 1
