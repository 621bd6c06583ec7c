"""A job whose delivery is void goes to somebody else: who still holds it must not POST it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from sinks.deliver.settle import Held
from sinks.deliver.sorting import Sorted
from sinks.deliver.worker import QueueWorker
from sinks.rabbit.consumer import Received
from streams.events import encode
from streams.settings import load_settings
from tests.contract.jobs import job


class Shared:
    """Redis and the tenants file in one: everything may be sent."""

    settings = load_settings()
    paused: frozenset[tuple[str, str]] = frozenset()

    def __init__(self) -> None:
        self.released: list[str] = []
        self.rules = {"meta": SimpleNamespace(group_key=lambda _: ())}

    async def sort(self, batch: list[Held], _: int) -> Sorted:
        return Sorted(cast(Any, "a destination"), sendable=batch)

    async def release(self, job_ids: list[str]) -> None:
        self.released += job_ids

    @property
    def sorter(self) -> Shared:
        return self

    @property
    def delivered(self) -> Shared:
        return self


class Courier:
    def __init__(self) -> None:
        self.posted: list[str] = []

    async def carry(self, letters: list[Any], *_: object) -> Any:
        self.posted += [letter.job.event.event_id for letter in letters]
        yield []


def arrival(event_id: str, lost: bool, moves: int = 0) -> Received:
    unacked = SimpleNamespace(channel=SimpleNamespace(is_closed=lost))
    headers = {"capi-moves": moves}
    return Received(encode(job(event_id=event_id)), headers, "meta.purchase", event_id, 1, cast(Any, unacked))


async def test_a_job_whose_connection_is_gone_is_left_to_the_broker() -> None:
    shared, courier = Shared(), Courier()
    worker = QueueWorker("meta_queue", cast(Any, shared), cast(Any, courier), cast(Any, None), asyncio.Event())
    async with worker._tasks:
        for event_id, lost in (("gone", True), ("here", False), ("came again", True), ("came again", False)):
            worker._take(arrival(event_id, lost))
        (lane,) = worker.lanes.values()
        await worker.deliver(lane, list(worker._held.values()))
        lane.clear()
    assert courier.posted == ["here", "came again"]
    assert sorted(held.letter.job.event.event_id for held in worker._held.values()) == ["came again", "here"]
    assert [job_id.rpartition(":")[2] for job_id in shared.released] == ["gone"]


async def test_what_comes_home_while_it_is_moving_has_a_life_of_its_own() -> None:
    worker = QueueWorker("meta_queue", cast(Any, Shared()), cast(Any, Courier()), cast(Any, None), asyncio.Event())
    async with worker._tasks:
        worker._take(arrival("moving", False))
        (old,) = worker._held.values()
        worker._take(arrival("moving", False, moves=1))
        assert len(old.copies) == 2, "of another worker that died: one fate, and one POST"
        old.moving = True
        worker._take(arrival("moving", False))
        assert len(old.copies) == 3, "delivered again"
        worker._take(arrival("moving", False, moves=1))
        (new,) = worker._held.values()
        assert (new is old, len(old.copies), len(new.copies)) == (False, 3, 1)
        worker._forget(old)
        assert [*worker._held.values()] == [new]
        for lane in worker.lanes.values():
            lane.clear()
