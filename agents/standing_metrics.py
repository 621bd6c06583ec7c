"""What waits, as gauges of a ledger worker: they are there also when the role that is behind is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from agents.console.standing import UNSEEN, WITHIN_S
from agents.console.waiting import TopicBehind, behind_by_topic
from agents.counters import GROUP_AGE, GROUP_LAG, QUEUE_MESSAGES
from agents.lag import Depth, depths, lags
from streams.runs import RunApp
from streams.settings import Settings

T = TypeVar("T")
LOOK_S = 15.0


def serve_standing(app: RunApp) -> None:
    """Asks Kafka and RabbitMQ every LOOK_S, where somebody can read it. Every ledger worker says the same."""

    async def begin() -> None:
        app.add_future(_keep_looking(app.settings))

    if app.settings.metrics_port:
        app.before_start.append(begin)


async def _keep_looking(settings: Settings) -> None:
    while True:
        rows = await _asked(lags(settings))
        show_lag(behind_by_topic(rows or [], settings.namespace), settings.namespace)
        show_queues(await _asked(asyncio.to_thread(depths, settings)) or [])
        await asyncio.sleep(LOOK_S)


async def _asked(answer: Awaitable[T]) -> T | None:
    """None while nobody answers: then the gauges are absent, which is not 0."""
    try:
        async with asyncio.timeout(WITHIN_S):
            return await answer
    except UNSEEN:
        return None


def show_lag(rows: Iterable[TopicBehind], namespace: str) -> None:
    """A role that never read a topic has no series there: it is an optional one. Nor has an unknown age."""
    GROUP_LAG.clear()
    GROUP_AGE.clear()
    for row in rows:
        names = f"{namespace}-{row.role}", f"{namespace}.{row.topic}"
        if row.lag is not None:
            GROUP_LAG.labels(*names).set(row.lag)
        if row.age_s is not None or row.lag == 0:
            GROUP_AGE.labels(*names).set(row.age_s or 0)


def show_queues(rows: Iterable[Depth]) -> None:
    QUEUE_MESSAGES.clear()
    for row in rows:
        for state, number in (("ready", row.ready), ("unacked", row.unacked), ("leaving", row.leaving)):
            QUEUE_MESSAGES.labels(row.queue, state).set(number)
