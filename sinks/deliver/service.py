"""A delivery process: its queues side by side, with what they share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sinks.deliver.courier import Courier
from sinks.deliver.health import serving
from sinks.deliver.post import Poster
from sinks.deliver.settle import Settler
from sinks.deliver.shared import Shared
from sinks.deliver.sorting import Sorter
from sinks.deliver.worker import QueueWorker
from sinks.delivered import DeliveredJobs
from sinks.lane_switch import LaneSwitch
from sinks.outcomes import Outcomes
from sinks.platforms import rules
from sinks.rabbit import Publisher
from sinks.tombstones import TombstoneReader
from sinks.topology import PLATFORMS, work_queue
from sinks.traces import traces_of
from streams.settings import Settings
from streams.tombstones import Tombstones

QUEUES: tuple[str, ...] = tuple(map(work_queue, PLATFORMS))


async def run_delivery(settings: Settings, queues: Sequence[str], stop: asyncio.Event) -> None:
    """Deliver from `queues` until `stop`. When one cannot go on, the others finish their POSTs and stop too, and
    an ExceptionGroup is raised (ConsumerLostError: its queue or RabbitMQ is gone). Begins when it is known who was
    erased: until then no job is taken."""
    publisher = Publisher(settings, "capi deliver retries")
    outcomes = Outcomes(settings)
    erased = TombstoneReader(settings)
    shared = _shared(settings, erased.tombstones)
    settler = Settler(publisher, shared.delivered, outcomes, traces_of(settings, "deliver"))
    outcomes.start()
    posters = [Poster(settings) for _ in queues]  # of their own, as all connections are: Meta never slows TikTok
    workers = [
        QueueWorker(queue, shared, Courier(shared.rules, poster), settler, stop)
        for queue, poster in zip(queues, posters, strict=True)
    ]
    try:
        async with serving(settings, shared, publisher, workers, erased):
            await erased.start(stop)
            ended = await asyncio.gather(*(_run(worker, stop) for worker in workers), return_exceptions=True)
    finally:
        await asyncio.gather(publisher.close(), shared.delivered.close(), shared.switch.close(), outcomes.close())
        await asyncio.gather(erased.close(), *(poster.close() for poster in posters))
    if errors := [error for error in ended if isinstance(error, Exception)]:
        raise ExceptionGroup("delivery ended", errors)


def _shared(settings: Settings, tombstones: Tombstones) -> Shared:
    delivered, platform_rules = DeliveredJobs(settings), rules(settings)
    sorter = Sorter(delivered, settings.tenant_map, platform_rules, settings, tombstones)
    return Shared(settings, platform_rules, delivered, sorter, LaneSwitch(settings))


async def _run(worker: QueueWorker, stop: asyncio.Event) -> None:
    try:
        await worker.run()
    finally:
        stop.set()
