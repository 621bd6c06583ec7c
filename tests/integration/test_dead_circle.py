"""Full circle: given up by the real worker, replayed by an operator, accepted once by the platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.platforms import running_platforms
from agents.platforms.behaviour import Order
from sinks.parked.messages import ParkedFilter
from sinks.topology import QUEUE_PARKED
from tests.integration.test_dead_sweep import replay
from tests.integration.test_deliver import all_taken, delivering, job, publish, queue_has, taken
from tests.rabbit import eventually, rabbit_settings, ready

pytestmark = pytest.mark.stack


async def test_what_was_given_up_arrives_after_a_replay(tmp_path: Path) -> None:
    async with running_platforms() as platforms:
        with rabbit_settings(tmp_path, meta_url=platforms.url, retry_s=(0.5,)) as settings:
            platforms.orders.give(Order(mode="500"))
            await publish(settings, [job(n) for n in range(5)])
            async with delivering(settings):
                await eventually(queue_has(settings, QUEUE_PARKED, 5), 30, "given up")
                platforms.orders.give(Order(mode="ok"))
                sweep = await replay(settings, ParkedFilter(reason="given up after 2 attempts"))
                assert sweep.done == 5
                await eventually(all_taken(platforms, 5), 20, "accepted")
            assert taken(platforms) == {f"meta:e-{n}": 1 for n in range(5)}
            assert await ready(settings, QUEUE_PARKED) == 0
