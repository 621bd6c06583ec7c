"""The ladder as it is shipped, 5 and 15 minutes first, shortened by policy: the worker knows nothing of that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.platforms import Platforms
from agents.platforms.behaviour import Order
from sinks.rabbit_admin import RabbitAdmin
from sinks.topology import EXCHANGE_RETURN, HEADER_RUNG, definitions
from streams.events import decode_job
from streams.settings import Settings
from tests.integration.test_deliver import all_taken, delivering, job, publish, queue_has, taken
from tests.rabbit import META, eventually, rabbit_settings, take_all

pytestmark = pytest.mark.stack

SHORT_MS = {"capi-retry_300s": 600, "capi-retry_900s": 1200}
TAP = "tap"  # sees every job that comes home


@pytest.fixture
def settings(tmp_path: Path, platforms: Platforms, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setattr("sinks.outcomes.CLOSE_TIMEOUT_S", 0.2)
    urls = {"meta_url": platforms.url, "tiktok_url": platforms.url}
    own = {"retry_s": (300, 900), "probe_s": 0.2, "deliver_port": 0, "post_wait_s": 0.1}
    with rabbit_settings(tmp_path, **own, **urls) as made, RabbitAdmin(made) as admin:
        admin.import_definitions(_shortened(made))
        yield made


def _shortened(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    made = definitions(settings)
    for policy in made["policies"]:
        if policy["name"] in SHORT_MS:
            policy["definition"]["message-ttl"] = SHORT_MS[policy["name"]]
    made["queues"].append({"name": TAP, "durable": True, "auto_delete": False, "arguments": {}})
    made["bindings"].append(
        {
            "source": EXCHANGE_RETURN,
            "destination": TAP,
            "destination_type": "queue",
            "routing_key": "#",
            "arguments": {},
        }
    )
    return made


async def test_a_job_comes_back_after_5_and_15_minutes_with_its_routing_key_and_attempt(
    settings: Settings, platforms: Platforms
) -> None:
    for pixel in (META, "2222222222"):
        platforms.orders.give(Order(mode="500", pixel=pixel, times=2))
    await publish(settings, [job(1, "Purchase"), job(2, "AddToCart", pixel="2222222222")])
    started_s = asyncio.get_running_loop().time()
    async with delivering(settings):
        await eventually(all_taken(platforms, 2), 20, "taken at the third attempt")
        took_s = asyncio.get_running_loop().time() - started_s
        await eventually(queue_has(settings, "meta_queue", 0), 5, "settled")
    assert took_s >= sum(SHORT_MS.values()) / 1000
    assert set(taken(platforms).values()) == {1}
    returns: dict[str, list[tuple[str | None, object, object]]] = {}
    for message in await take_all(settings, TAP):
        headers = message.header.properties.headers or {}
        told = (message.routing_key, headers[HEADER_RUNG], headers["capi-attempt"])
        returns.setdefault(decode_job(message.body).event.event_id, []).append(told)
    assert returns == {
        "e-1": [("meta.purchase", "300s", 2), ("meta.purchase", "900s", 3)],
        "e-2": [("meta.add_to_cart", "300s", 2), ("meta.add_to_cart", "900s", 3)],
    }
