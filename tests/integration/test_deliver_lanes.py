"""Lanes on a real RabbitMQ: what closes one, what opens it, and that its neighbours do not notice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agents.platforms import Platforms
from agents.platforms.behaviour import Order
from sinks.deliver.service import run_delivery
from sinks.lane_switch import LaneSwitch, Pause
from sinks.rabbit.consumer import Consumer
from streams.events import Job, Platform
from streams.settings import Settings
from tests.integration.test_deliver import all_taken, delivering, empty_after, job, publish, taken
from tests.rabbit import META, eventually, rabbit_settings, ready, take_all

pytestmark = pytest.mark.stack

PIXELS: tuple[tuple[Platform, str], ...] = (
    ("meta", "111"),
    ("meta", "222"),
    ("tiktok", "C333"),
    ("tiktok", "C444"),
)
FOUR = "[tenants.default]\n" + "".join(
    f'[[tenants.default.destinations]]\nplatform = "{platform}"\npixel_id = "{pixel}"\ntoken = "env:TEST_TOKEN"\n'
    for platform, pixel in PIXELS
)
ROUNDS, EACH, PAUSE_S = 24, 12, 0.2  # 60 jobs a second and pixel


@pytest.fixture
def settings(tmp_path: Path, platforms: Platforms, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setattr("sinks.outcomes.CLOSE_TIMEOUT_S", 0.2)
    urls = {"meta_url": platforms.url, "tiktok_url": platforms.url}
    more = {"post_timeout_s": 3, "probe_s": 1, "deliver_port": 0, "post_wait_s": 0.2}
    with rabbit_settings(tmp_path, **more, **urls) as made:
        yield made


@pytest.fixture
def four(settings: Settings, tmp_path: Path) -> Settings:
    (tmp_path / "four.toml").write_text(FOUR)
    return settings.model_copy(update={"tenants": tmp_path / "four.toml"})


def by_pixel(platforms: Platforms) -> Counter[str]:
    return Counter(str(event["pixel"]) for event in platforms.ledger.listing()["events"])


async def feed(settings: Settings, first: int) -> None:
    """The same load each time: every pixel in turn, 60 jobs a second each."""
    for number in range(ROUNDS):
        start = first + number * EACH
        made: list[Job] = [
            job(n, platform=platform, pixel=pixel)
            for n in range(start, start + EACH)
            for platform, pixel in PIXELS
        ]
        await publish(settings, made)
        await asyncio.sleep(PAUSE_S)


async def work_done(settings: Settings, platforms: Platforms, first: int) -> Counter[str]:
    """Events that each pixel took by the end of the feed."""
    before = by_pixel(platforms)
    await feed(settings, first)
    await asyncio.sleep(1)
    return by_pixel(platforms) - before


@pytest.mark.parametrize(
    "fault",
    [
        Order(mode="refuse_token", pixel="111"),
        Order(mode="429", pixel="111", retry_after_s=30),
        Order(mode="hang", pixel="111", seconds=60),
        Order(mode="500", pixel="111"),
    ],
    ids=lambda order: order.mode,
)
async def test_neighbours_of_a_sick_pixel_do_the_same_work(
    four: Settings, platforms: Platforms, fault: Order
) -> None:
    async with delivering(four, "meta_queue", "tiktok_queue"):
        well = await work_done(four, platforms, 0)
        platforms.orders.give(fault)
        ill = await work_done(four, platforms, 100_000)
    ratios = {pixel: ill[pixel] / well[pixel] for _, pixel in PIXELS}
    print(f"work with {fault.mode} on 111 / without: " + ", ".join(f"{p} {r:.2f}" for p, r in ratios.items()))
    assert ill["111"] == 0
    assert all(ratio >= 0.9 for pixel, ratio in ratios.items() if pixel != "111")
    assert await ready(four, "capi_parked") == 0


async def test_a_token_that_is_put_right_is_used_at_once(
    settings: Settings, platforms: Platforms, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    (tmp_path / "file.toml").write_text(FOUR.replace("env:TEST_TOKEN", f"file:{token}"))
    patient = settings.model_copy(update={"tenants": tmp_path / "file.toml", "probe_s": 600.0})
    await publish(patient, [job(n, pixel="111") for n in range(20)])
    async with delivering(patient):

        async def waits() -> bool:
            return await ready(patient, "retry_2s") > 0

        await eventually(waits, 10, "its jobs wait on a rung")
        token.write_text("secret-of-the-test")
        await eventually(all_taken(platforms, 20), 15, "accepted with the new token, long before a probe is due")
    assert set(taken(platforms).values()) == {1}
    assert await empty_after(patient)


async def test_operator_pauses_a_pixel_and_its_jobs_keep_their_attempt(
    settings: Settings, platforms: Platforms
) -> None:
    switch = LaneSwitch(settings)
    await switch.pause(("meta", META), Pause("test", 0))
    await publish(settings, [job(1), job(2), job(3, pixel="2222222222")])
    async with delivering(settings):
        await eventually(all_taken(platforms, 1), 10, "the other pixel's event")
        await asyncio.sleep(4.5)  # more rounds than the ladder has rungs
        assert len(taken(platforms)) == 1
        assert await ready(settings, "capi_parked") == 0
    waiting = [m for q in ("retry_1s", "retry_2s", "meta_queue") for m in await take_all(settings, q)]
    headers = [m.header.properties.headers or {} for m in waiting]
    assert len(waiting) == 2
    assert all(
        h["capi-attempt"] == 1 and isinstance(waits := h["capi-waits"], int) and waits >= 1 for h in headers
    )
    await publish(settings, [job(4)])
    await switch.resume(("meta", META))
    await switch.close()
    async with delivering(settings):
        await eventually(all_taken(platforms, 2), 10, "taken after the pause")


async def test_consumer_that_silently_lost_its_queue_subscribes_anew(
    settings: Settings, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sinks.deliver.overseer.LOOK_S", 0.2)
    monkeypatch.setattr("sinks.deliver.watchdog.SILENT_S", 1.0)
    made: list[Consumer] = []
    consume = Consumer._consume

    async def remembered(self: Consumer) -> None:
        await consume(self)
        made.append(self)

    monkeypatch.setattr(Consumer, "_consume", remembered)
    async with delivering(settings):

        async def attached() -> bool:
            return bool(made)

        await eventually(attached, 10, "consuming")
        assert made[0]._channel is not None
        await made[0]._channel.basic_cancel(made[0]._tag)  # the broker tells nobody
        await publish(settings, [job(n) for n in range(3)])
        await eventually(all_taken(platforms, 3), 15, "taken by the new subscription")
    assert len(made) == 2


async def test_health_and_metrics(settings: Settings, platforms: Platforms) -> None:
    serving = settings.model_copy(update={"deliver_port": 19_108})
    platforms.orders.give(Order(mode="refuse_token", pixel="2222222222"))
    await publish(settings, [*(job(n) for n in range(3)), job(9, pixel="2222222222")])
    stop = asyncio.Event()
    running = asyncio.create_task(run_delivery(serving, ("meta_queue",), stop))
    async with httpx.AsyncClient(base_url="http://127.0.0.1:19108") as client:
        await eventually(all_taken(platforms, 3), 10, "accepted")

        async def stopped() -> bool:
            lanes = (await client.get("/healthz")).json()["lanes"]
            return {lane["pixel"]: lane["state"] for lane in lanes} == {META: "open", "2222222222": "stopped"}

        await eventually(stopped, 10, "lane states are shown")
        health = await client.get("/healthz")
        metrics = (await client.get("/metrics")).text
    stop.set()
    await running
    assert health.status_code == 200
    assert health.json()["rabbitmq_blocked"] is False
    assert health.json()["queues"]["meta_queue"]["consuming"] is True
    for name in ("capi_posts_total", "capi_lane_state", "capi_jobs_unacked", "capi_delivered_age_seconds_count"):
        assert f"{name}{{" in metrics
    assert "secret" not in metrics
