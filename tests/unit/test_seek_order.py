"""A take-over's seek comes behind a fetch that was under way, so the position is what is committed."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver

from streams.runs.consumer import RunConsumerThread

SOURCE, YOUNG = TopicPartition("capi.sessions.in", 0), TopicPartition("capi.sessions.in", 1)
CHANGELOG = TopicPartition("capi.sessions-sessions-changelog", 0)


class Client:
    """The part of aiokafka's consumer that matters: positions, and what the group has committed."""

    def __init__(self) -> None:
        self.positions = {SOURCE: 5, YOUNG: 0, CHANGELOG: 0}

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self.positions)

    async def committed(self, tp: TopicPartition) -> int | None:
        await asyncio.sleep(0)
        return {SOURCE: 5}.get(tp)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.positions[tp] = offset

    async def seek_to_beginning(self, tp: TopicPartition) -> None:
        self.positions[tp] = 0


async def test_a_fetch_that_returns_late_does_not_move_the_position(monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def fetch(self: Any, consumer: Client, *_: Any) -> dict[TopicPartition, list[bytes]]:
        began.set()
        await go_on.wait()
        consumer.positions.update({SOURCE: 9, YOUNG: 4})  # as aiokafka does for what it returns
        return {}

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetch)
    client = Client()
    thread = cast(Any, object.__new__(RunConsumerThread))
    thread._position = asyncio.Lock()
    thread._consumer = client
    thread.consumer = SimpleNamespace(app=SimpleNamespace(sources=(SOURCE.topic,)), flow_active=False)
    thread.app = thread.consumer.app
    fetching = asyncio.create_task(thread._fetch_records(client, set()))
    await began.wait()
    seeking = asyncio.create_task(thread._seek_to_committed())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not seeking.done()
    go_on.set()
    await fetching
    assert await seeking == {SOURCE: 5, YOUNG: 0}
    assert client.positions == {SOURCE: 5, YOUNG: 0, CHANGELOG: 0}
