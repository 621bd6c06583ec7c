"""What the overseer does while something that it asks keeps silent."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from sinks.deliver.overseer import Overseer


class Silent:
    """A queue's worker, its consumer and the operator's switch in one, none of which answers."""

    queue, in_hand, oldest_ms, deliveries = "meta_queue", 0, None, 0
    lanes: ClassVar[dict[object, object]] = {}

    def count_busy(self) -> None:
        """Nothing to count."""

    async def depth(self) -> None:
        await asyncio.Event().wait()

    async def paused(self) -> None:
        await asyncio.Event().wait()

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
