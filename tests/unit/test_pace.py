"""Moments that many share."""

from __future__ import annotations

import asyncio

from sinks.pace import Pace


async def test_after_a_quiet_time_the_first_goes_at_once() -> None:
    pace = Pace(60)
    await asyncio.wait_for(pace.moment(), 0.5)


async def test_all_others_go_at_the_next_moment_together() -> None:
    pace, loop = Pace(0.05), asyncio.get_running_loop()
    await pace.moment()
    first_s = loop.time()
    waiting = {asyncio.create_task(pace.moment()) for _ in range(10)}
    gone, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert gone == waiting
    assert loop.time() - first_s >= 0.04


async def test_one_who_gives_up_takes_nobody_along() -> None:
    pace = Pace(0.02)
    await pace.moment()
    leaving, staying = asyncio.create_task(pace.moment()), asyncio.create_task(pace.moment())
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait_for(staying, 1)
    await asyncio.wait_for(pace.moment(), 1)
