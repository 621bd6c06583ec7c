"""A pixel that hangs beside one with a backlog takes nothing from it, nor from the other queue."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from agents.platforms import Platforms
from agents.platforms.behaviour import Order
from tests.integration.test_deliver import delivering, job, publish
from tests.rabbit import rabbit_settings

pytestmark = pytest.mark.stack


class Pixels(NamedTuple):
    """Of one site: `other` shares its queue with the `busy` one, `steady` has the other platform's."""

    other: str
    busy: str
    steady: str


ILL, WELL = Pixels("111", "222", "C333"), Pixels("444", "555", "C666")
BACKLOG, ONE_IN = 2_500, 5  # more than the window lets through; every fifth job is the other pixel's
WINDOW_S, LATENCY_S = 5.0, 0.25  # the platform's time, not this machine's, bounds the work
EACH, EVERY_S = 12, 0.2


def tenants(pixels: Pixels) -> str:
    platforms = ("meta", "meta", "tiktok")
    return "[tenants.default]\n" + "".join(
        f'[[tenants.default.destinations]]\nplatform = "{platform}"\npixel_id = "{pixel}"\n'
        'token = "env:TEST_TOKEN"\n'
        for platform, pixel in zip(platforms, pixels, strict=True)
    )


async def work(folder: Path, platforms: Platforms, pixels: Pixels) -> None:
    """Work off a backlog within the window, beside a steady pixel of the other platform."""
    folder.mkdir()
    urls = {"meta_url": platforms.url, "tiktok_url": platforms.url}
    own = {"post_timeout_s": 3, "probe_s": 1, "deliver_port": 0, "post_wait_s": 0.2, "post_events": 25}
    with rabbit_settings(folder, **own, **urls) as settings:
        settings.tenants.write_text(tenants(pixels))
        await publish(settings, [job(n, pixel=pixels[n % ONE_IN != 0]) for n in range(BACKLOG)])
        async with delivering(settings, "meta_queue", "tiktok_queue"):
            for number in range(round(WINDOW_S / EVERY_S)):
                first = BACKLOG + number * EACH
                fresh = [job(n, platform="tiktok", pixel=pixels.steady) for n in range(first, first + EACH)]
                await publish(settings, fresh)
                await asyncio.sleep(EVERY_S)


async def test_a_hanging_pixel_takes_nothing_from_a_backlog(
    tmp_path: Path, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sinks.outcomes.CLOSE_TIMEOUT_S", 0.2)
    platforms.orders.give(Order(mode="slow", seconds=LATENCY_S))
    platforms.orders.give(Order(mode="hang", pixel=ILL.other, seconds=60))
    # side by side, so that whatever else this machine does slows both
    await asyncio.gather(work(tmp_path / "ill", platforms, ILL), work(tmp_path / "well", platforms, WELL))
    done = Counter(str(event["pixel"]) for event in platforms.ledger.listing()["events"])
    print(f"events taken: {dict(done)}")
    assert done[WELL.other] > 0
    assert done[ILL.other] == 0
    assert done[WELL.busy] < BACKLOG * (1 - 1 / ONE_IN), "the window is long enough to empty the backlog"
    assert done[ILL.busy] >= 0.9 * done[WELL.busy]
    assert done[ILL.steady] >= 0.9 * done[WELL.steady]
