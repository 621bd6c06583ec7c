"""The demo as one journey: make, start, send, wait until everything arrived, judge, remove."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

import httpx

from agents.demo import surroundings
from agents.demo.feed import receive, send
from agents.demo.ledger import Ledger, open_ledger
from agents.demo.plan import Planned
from agents.demo.processes import STAND_IN, Processes, roles, stand_in
from agents.demo.progress import Progress
from agents.demo.verdict import Verdict, judge
from agents.demo.world import World
from agents.roles import ROLES

STAND_IN_WITHIN_S = 20
ARRIVE_WITHIN_S = 60  # after the last window can have closed
POLL_S = 0.5


class StandInError(Exception):
    """The stand-in for the platforms did not start; the message holds its last words."""


async def journey(world: World, planned: Sequence[Planned], progress: Progress) -> Verdict:
    """Run it. Raises what `surroundings.make` raises, RoleEndedError or StandInError."""
    try:
        await surroundings.make(world.settings)
        async with open_ledger(world.platforms_url) as ledger:
            return await _through(world, planned, progress, ledger)
    finally:
        progress.phase = "removing topics, queues and keys"
        await surroundings.remove(world.settings)


async def _through(world: World, planned: Sequence[Planned], progress: Progress, ledger: Ledger) -> Verdict:
    progress.phase = "starting the roles: " + ", ".join(ROLES)
    platforms = stand_in(world)
    async with platforms.running():
        async with roles(world).running() as running:
            await _answering(ledger, platforms)
            progress.phase = "replaying visitor histories"
            await _first_of(
                running.watch(),
                platforms.watch(),
                receive(world.settings, progress.on_left),
                _sent_and_arrived(world, planned, progress, ledger),
            )
            progress.phase = "stopping the roles"
        taken = await ledger.read()  # after the last role, so that a late duplicate is in it too
    return judge(planned, progress.batches, taken.events, progress.rejected, taken.totals.privacy_violations)


async def _answering(ledger: Ledger, platforms: Processes) -> None:
    try:
        async with asyncio.timeout(STAND_IN_WITHIN_S):
            await ledger.ready()
    except TimeoutError as error:
        raise StandInError(f"`capi platforms` does not answer:\n{platforms.tail(STAND_IN)}") from error


async def _first_of(*endless: Coroutine[Any, Any, None]) -> None:
    """Until the first of them ends; the others are cancelled. Raises what that one raised."""
    tasks = [asyncio.ensure_future(one) for one in endless]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _sent_and_arrived(world: World, planned: Sequence[Planned], progress: Progress, ledger: Ledger) -> None:
    """Returns at the deadline as well: the verdict then says what is missing."""
    longest_s = planned[-1].at_s + world.settings.max_age_s + ARRIVE_WITHIN_S
    with suppress(TimeoutError):
        async with asyncio.timeout(longest_s), asyncio.TaskGroup() as tasks:
            tasks.create_task(send(world.settings, planned, progress.on_sent))
            tasks.create_task(_arrived(progress, ledger))


async def _arrived(progress: Progress, ledger: Ledger) -> None:
    while not (progress.complete and progress.held == 0):
        with suppress(httpx.HTTPError):
            progress.on_ledger((await ledger.read()).events)
        if progress.sent == progress.planned:
            progress.phase = "waiting for the last windows to close"
        await asyncio.sleep(POLL_S)
