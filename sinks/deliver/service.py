"""A delivery process: its queues side by side, with what they share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sinks.deliver.courier import Courier
from sinks.deliver.post import Poster
from sinks.deliver.settle import Settler
from sinks.deliver.sorting import Sorter
from sinks.deliver.worker import QueueWorker
from sinks.delivered import DeliveredJobs
from sinks.outcomes import Outcomes
from sinks.platforms import rules
from sinks.rabbit import Publisher
from sinks.topology import PLATFORMS, work_queue
from streams.settings import Settings

QUEUES: tuple[str, ...] = tuple(map(work_queue, PLATFORMS))


async def run_delivery(settings: Settings, queues: Sequence[str], stop: asyncio.Event) -> None:
    """Deliver from `queues` until `stop`. When one cannot go on, the others finish their POSTs and stop too, and
    an ExceptionGroup is raised (ConsumerLostError: its queue or RabbitMQ is gone)."""
    publisher = Publisher(settings, "capi deliver retries")
    delivered, outcomes = DeliveredJobs(settings), Outcomes(settings)
    settler = Settler(publisher, delivered, outcomes)
    sorter = Sorter(delivered, settings.tenant_map, rules(settings), settings)
    outcomes.start()
    try:
        running = (_run_queue(queue, settings, sorter, settler, stop) for queue in queues)
        ended = await asyncio.gather(*running, return_exceptions=True)
    finally:
        await asyncio.gather(publisher.close(), delivered.close(), outcomes.close())
    if errors := [error for error in ended if isinstance(error, Exception)]:
        raise ExceptionGroup("delivery ended", errors)


async def _run_queue(
    queue: str, settings: Settings, sorter: Sorter, settler: Settler, stop: asyncio.Event
) -> None:
    # own connections per queue: Meta never slows TikTok
    poster = Poster(settings)
    courier = Courier(rules(settings), poster)
    try:
        await QueueWorker(queue, settings, rules(settings), sorter, courier, settler, stop).run()
    finally:
        stop.set()
        await poster.close()
