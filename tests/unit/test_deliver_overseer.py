"""What the overseer does while something that it asks keeps silent."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest
from prometheus_client import REGISTRY

from sinks.deliver.lanes import Lane
from sinks.deliver.overseer import Overseer
from streams.tenants import parse_tenants
from tests.kafka import eventually


class Silent:
    """A queue's worker, its consumer and the operator's switch in one, none of which answers."""

    queue, in_hand, deliveries = "meta_queue", 0, 0
    oldest_ms: int | None = None
    lanes: ClassVar[dict[object, object]] = {}

    def count_busy(self) -> None:
        """Nothing to count."""

    async def depth(self) -> None:
        await asyncio.Event().wait()

    async def paused(self) -> frozenset[object]:
        await asyncio.Event().wait()
        return frozenset()

    @property
    def consumer(self) -> Silent:
        return self


class Beats:
    def __init__(self, wanted: int) -> None:
        self._wanted, self.enough = wanted, asyncio.Event()

    async def beat(self) -> None:
        self._wanted -= 1
        if self._wanted == 0:
            self.enough.set()


async def test_signs_of_life_wait_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinks.deliver.overseer.BEAT_S", 0.001)
    silent, beats = Silent(), Beats(5)
    shared = SimpleNamespace(
        delivered=beats, switch=silent, settings=SimpleNamespace(prefetch=1), paused=frozenset()
    )
    running = asyncio.create_task(Overseer(cast(Any, silent), cast(Any, shared)).run())
    try:
        await asyncio.wait_for(beats.enough.wait(), 5)
        assert not running.done()
    finally:
        running.cancel()


TENANTS = """
[tenants.default]
[[tenants.default.destinations]]
platform = "meta"
pixel_id = "7700"
token = "env:NONE"
test_event_code = "TEST1"
test_until = 2100-01-01T00:00:00Z
[[tenants.default.destinations]]
platform = "meta"
pixel_id = "7701"
token = "env:NONE"
test_event_code = "TEST1"
test_until = 2020-01-01T00:00:00Z
"""


class Working(Silent):
    """A queue's worker with an event in hand, an hour old, and a lane for each of two pixels."""

    queue = "looked_at_queue"
    lanes: ClassVar[dict[object, object]] = {
        ("default", "meta", pixel): SimpleNamespace(lane=Lane(1.0), pump=lambda: None)
        for pixel in ("7700", "7701")
    }

    def __init__(self) -> None:
        self.oldest_ms = int((time.time() - 3600) * 1000)

    async def paused(self) -> frozenset[object]:
        return frozenset()


async def test_the_oldest_event_in_hand_and_tests_that_are_not_over_are_seen() -> None:
    working, settings = Working(), SimpleNamespace(prefetch=1, tenant_map=parse_tenants(TENANTS))
    shared = SimpleNamespace(delivered=Beats(1), switch=working, settings=settings, paused=frozenset())
    looking = asyncio.create_task(Overseer(cast(Any, working), cast(Any, shared))._look())
    try:
        await eventually(lambda: shown("capi_jobs_oldest_age_seconds", queue="looked_at_queue"), 5)
        assert 3599 < shown("capi_jobs_oldest_age_seconds", queue="looked_at_queue") < 3700
        tests = {pixel: shown("capi_lane_test_code", platform="meta", pixel=pixel) for pixel in ("7700", "7701")}
        assert tests == {"7700": 1, "7701": 0}
    finally:
        looking.cancel()


def shown(metric: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(metric, labels) or 0
