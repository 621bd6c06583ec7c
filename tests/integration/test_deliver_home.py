"""A job that comes home from its rung before the ack of where it came from: neither lost nor sent twice.

With rungs of minutes this takes a process that is frozen between the confirm and the ack, so here the ack waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agents.platforms import Platforms
from agents.platforms.behaviour import Order
from sinks.deliver import settle
from sinks.rabbit.acks import acknowledge
from sinks.rabbit.consumer import Received
from streams.settings import Settings
from tests.integration.test_deliver import all_taken, delivering, empty_after, job, publish, taken
from tests.rabbit import eventually, rabbit_settings

pytestmark = pytest.mark.stack

FROZEN_S = 3.0  # the first rung is 1 s


@pytest.fixture
def settings(tmp_path: Path, platforms: Platforms, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setattr("sinks.outcomes.CLOSE_TIMEOUT_S", 0.2)
    urls = {"meta_url": platforms.url, "tiktok_url": platforms.url}
    with rabbit_settings(tmp_path, probe_s=0.2, deliver_port=0, post_wait_s=0.1, **urls) as made:
        yield made


async def test_home_before_the_ack(
    settings: Settings, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[int] = []

    async def late_ack(copies: Sequence[Received]) -> int:
        if not late:
            late.append(len(copies))
            await asyncio.sleep(FROZEN_S)
        return await acknowledge(copies)

    monkeypatch.setattr(settle, "acknowledge", late_ack)
    platforms.orders.give(Order(mode="500", times=1))
    await publish(settings, [job(1, "Purchase")])
    async with delivering(settings):
        await eventually(all_taken(platforms, 1), 20, "taken at the second attempt")
    assert late == [1]
    assert set(taken(platforms).values()) == {1}
    assert await empty_after(settings)
