"""A pixel that hangs beside one with a backlog takes nothing from it, nor from the other queue."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agents.platforms import Platforms
from agents.platforms.behaviour import Order
from streams.settings import Settings
from tests.integration.test_deliver import delivering, job, publish
from tests.integration.test_deliver_lanes import FOUR, by_pixel
from tests.rabbit import rabbit_settings

pytestmark = pytest.mark.stack

SICK, BUSY, STEADY = "111", "222", "C333"
BACKLOG, ONE_IN = 2_500, 5  # more than the window lets through; every fifth job is the sick pixel's
WINDOW_S, LATENCY_S = 5.0, 0.25  # the platform's time, not this machine's, bounds the work
EACH, EVERY_S = 12, 0.2


@contextmanager
def site(folder: Path, platforms: Platforms) -> Iterator[Settings]:
    urls = {"meta_url": platforms.url, "tiktok_url": platforms.url}
    own = {"post_timeout_s": 3, "probe_s": 1, "deliver_port": 0, "post_wait_s": 0.2, "post_events": 25}
    with rabbit_settings(folder, **own, **urls) as made:
        (folder / "four.toml").write_text(FOUR)
        yield made.model_copy(update={"tenants": folder / "four.toml"})


async def work_done(folder: Path, platforms: Platforms) -> Counter[str]:
    """What each pixel took within the window."""
    before = by_pixel(platforms)
    with site(folder, platforms) as settings:
        jobs = [
            job(n, pixel=SICK if n % ONE_IN == 0 else BUSY, event_id=f"{settings.namespace}-{n}")
            for n in range(BACKLOG)
        ]
        await publish(settings, jobs)
        async with delivering(settings, "meta_queue", "tiktok_queue"):
            await _feed(settings)
            done = by_pixel(platforms) - before
    return done


async def _feed(settings: Settings) -> None:
    """A steady pixel of the other platform, for as long as the window."""
    for number in range(int(WINDOW_S / EVERY_S)):
        ids = [f"{settings.namespace}-{number}-{n}" for n in range(EACH)]
        await publish(settings, [job(0, platform="tiktok", pixel=STEADY, event_id=event_id) for event_id in ids])
        await asyncio.sleep(EVERY_S)


async def test_a_hanging_pixel_takes_nothing_from_a_backlog(
    tmp_path: Path, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sinks.outcomes.CLOSE_TIMEOUT_S", 0.2)
    platforms.orders.give(Order(mode="slow", seconds=LATENCY_S))
    well = await work_done(tmp_path, platforms)
    platforms.orders.give(Order(mode="hang", pixel=SICK, seconds=60))
    ill = await work_done(tmp_path, platforms)
    print(f"without {dict(well)}, with a hanging pixel {dict(ill)}")
    assert well[SICK] > 0 and ill[SICK] == 0
    assert well[BUSY] < BACKLOG * (1 - 1 / ONE_IN), "the window is long enough to empty the backlog"
    assert ill[BUSY] >= 0.9 * well[BUSY]
    assert ill[STEADY] >= 0.9 * well[STEADY]
