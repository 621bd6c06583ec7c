"""Parked jobs back to where dispatch had put them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sinks.parked.messages import Parked
from sinks.rabbit import Publisher
from sinks.replay.fresh import replayed
from sinks.topology import EXCHANGE_EVENTS


class ReplayParked:
    """For a `Sweep`: `act` publishes and waits for the confirms, `can_act` says which jobs may go.

    A job that this replay sent and that was parked again meanwhile is left alone: it would go round for ever.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher, self._started_ms = publisher, time.time_ns() // 1_000_000

    def can_act(self, parked: Parked) -> bool:
        return parked.job is not None and parked.replayed_ms < self._started_ms

    async def act(self, chunk: Sequence[Parked]) -> None:
        """Raises PublishError."""
        messages = [replayed(p.job, self._started_ms, p.body) for p in chunk if p.job is not None]
        await self._publisher.publish(EXCHANGE_EVENTS, messages)
