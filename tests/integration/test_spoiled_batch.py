"""One job that makes its platform fail, on a real RabbitMQ: it takes those of its POST along, but not for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.platforms import Platforms
from agents.platforms.behaviour import Order
from streams.settings import Settings
from tests.integration.test_deliver import all_taken, delivering, job, publish, queue_has, taken
from tests.rabbit import eventually, rabbit_settings, ready, take_all

pytestmark = pytest.mark.stack


@pytest.fixture
def settings(tmp_path: Path, platforms: Platforms, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setattr("sinks.outcomes.CLOSE_TIMEOUT_S", 0.2)
    short = {"retry_s": (0.5, 0.5, 0.5, 0.5), "probe_s": 0.2, "post_wait_s": 0.1, "deliver_port": 0}
    with rabbit_settings(tmp_path, meta_url=platforms.url, tiktok_url=platforms.url, **short) as made:
        yield made


async def test_who_shares_a_post_with_a_job_that_fails_arrives(settings: Settings, platforms: Platforms) -> None:
    platforms.orders.give(Order(mode="answer", event_id="e-17", status=500, body="<html>Sorry</html>"))
    await publish(settings, [job(n) for n in range(40)])
    async with delivering(settings):
        await eventually(all_taken(platforms, 39), 20, "the others are accepted")
        await eventually(queue_has(settings, "capi_parked", 1), 20, "the one that fails is parked")
    (parked,) = await take_all(settings, "capi_parked")
    headers = parked.header.properties.headers or {}
    assert b'"e-17"' in parked.body
    assert (headers["capi-attempt"], headers["capi-last-status"]) == (5, "transient http 500")
    assert set(taken(platforms).values()) == {1}
    assert sum(platforms.ledger.totals()["answers"].values()) <= 25, "POSTs get smaller, not all of them single"
    assert [await ready(settings, queue) for queue in ("meta_queue", "retry_500ms")] == [0, 0]
