"""The private broker comes back by itself after a kill -9, with what it had acknowledged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.broker import PrivateBroker
from tests.kafka import eventually, fresh_settings, producer_of, read_all, topics_of

pytestmark = [pytest.mark.stack, pytest.mark.faults, pytest.mark.timeout(150)]


async def test_broker_is_back_after_a_kill_with_what_it_acknowledged(tmp_path: Path) -> None:
    broker = PrivateBroker(tmp_path / "stack")
    broker.start()
    settings = fresh_settings(kafka_url=broker.url)
    try:
        async with topics_of(settings), producer_of(settings, acks="all") as producer:
            await producer.send_and_wait(settings.topic("events"), b"before")
            (pid,) = broker.pids()
            assert broker.kill()
            await eventually(lambda: broker.pids() not in ([], [pid]), 20)
            await producer.send_and_wait(settings.topic("events"), b"after")
            assert {r.value for r in await read_all(settings, settings.topic("events"))} == {b"before", b"after"}
    finally:
        broker.stop()
    assert broker.pids() == []
