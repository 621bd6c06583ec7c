"""One fault test of delivery from start to verdict: feed, hurt, wait until all is out, stop politely, count."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from time import monotonic

from sinks.rabbit import Message, Publisher, PublishError
from sinks.topology import EXCHANGE_EVENTS, PLATFORMS, QUEUE_PARKED, QUEUE_UNROUTED, routing_key
from streams.events import Job, encode
from tests.faults.deliver_faults import FAULTS
from tests.faults.deliver_jobs import make_jobs
from tests.faults.deliver_site import Site, delivery_site
from tests.faults.deliver_verdict import Found, Report, judge
from tests.faults.rabbit import PrivateRabbit
from tests.faults.roles import stop_all

CHUNK, CHUNK_EVERY_S = 40, 0.25
LOOK_S, QUIET_S = 0.5, 45.0  # longer than a killed broker's return, a probe and the longest rung together


class Feeder:
    """Publishes every job until RabbitMQ confirms it, as dispatch does."""

    def __init__(self, site: Site) -> None:
        self._settings, self._jobs = site.settings, list(site.jobs.values())
        self.accepted: set[str] = set()

    async def run(self) -> None:
        publisher = Publisher(self._settings, "fault test feeder")
        for start in range(0, len(self._jobs), CHUNK):
            await self._publish(publisher, self._jobs[start : start + CHUNK])
            await asyncio.sleep(CHUNK_EVERY_S)
        await publisher.close()

    async def _publish(self, publisher: Publisher, jobs: Sequence[Job]) -> None:
        messages = [
            Message(routing_key=routing_key(j.platform, j.event_name), message_id=f"{j.job_id}:1", body=encode(j))
            for j in jobs
        ]
        while True:
            try:
                await publisher.publish(EXCHANGE_EVENTS, messages)
            except PublishError:
                continue  # it pauses by itself before it connects again
            self.accepted.update(job.event.event_id for job in jobs)
            return


async def trial(name: str, rabbit: PrivateRabbit, folder: Path, seed: int, count: int) -> Report:
    """`count` jobs under the fault `name`."""
    print(f"{name}: seed {seed}, {count} jobs, logs in {folder}", file=sys.stderr, flush=True)
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # it tells at length that a killed broker is away
    rng, started_s = Random(seed), monotonic()
    async with delivery_site(folder, rabbit, make_jobs(seed, count), rng, FAULTS[name].workers) as site:
        feeder = Feeder(site)
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(site.keep_up())
            await site.workers_up()
            feeding = tasks.create_task(feeder.run())
            strikes = await FAULTS[name].strike(site, rng)
            over_s = monotonic()
            await feeding
            await _drain(site)
            keeper.cancel()
        recovered_s = monotonic() - over_s
        await asyncio.to_thread(stop_all, site.workers)
        found = await _look(site, feeder, strikes)
    return judge(name, seed, found, round(recovered_s, 1), round(monotonic() - started_s, 1))


async def _drain(site: Site) -> None:
    """Until every job was taken, and neither queue nor worker holds one; or nothing has moved for QUIET_S."""
    moved_s, before = monotonic(), (-1, -1)
    while True:
        depths = await site.depths(site.moving_queues)
        held = -1 if depths is None else sum(depths.values()) + await site.in_hand()
        now = (len(site.platforms.taken()), held)
        if now != before:
            moved_s, before = monotonic(), now
        if now == (len(site.jobs), 0) or monotonic() - moved_s > QUIET_S:
            return
        await asyncio.sleep(LOOK_S)


async def _look(site: Site, feeder: Feeder, strikes: int) -> Found:
    """After the workers' end, so that what it had not acknowledged shows in the queues."""
    left = await site.depths([*site.moving_queues, QUEUE_PARKED, QUEUE_UNROUTED])
    assert left is not None, "RabbitMQ does not answer at the end"
    return Found(
        jobs=site.jobs,
        accepted=frozenset(feeder.accepted),
        taken=site.platforms.taken(),
        failed=site.platforms.failed,
        excused=site.excused + site.platforms.doubtful,
        came_home=await site.came_home(),
        left=left,
        strikes=strikes,
        exits=[code for worker in site.workers for code in worker.exits],
        most_in_hand=site.settings.prefetch * len(PLATFORMS),
    )
