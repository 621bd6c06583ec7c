"""Looking at and replaying parked jobs on a real RabbitMQ: what does not match stays, nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from aiormq.abc import DeliveredMessage

from sinks.deliver.letters import ATTEMPT, LAST_STATUS, own_headers
from sinks.parked import sweep as module
from sinks.parked.messages import Parked, ParkedFilter
from sinks.parked.replay import ReplayParked
from sinks.parked.sweep import Sweep
from sinks.rabbit import Message, Publisher, browse
from sinks.rabbit.browse import BrowseError, Browser
from sinks.rabbit_admin import RabbitAdmin
from sinks.replay.fresh import REPLAYED
from sinks.replay.wanted import Wanted
from sinks.topology import QUEUE_PARKED
from streams.events import decode_job
from streams.settings import Settings
from tests.integration.parked_jobs import EXPIRED, park, parked_message
from tests.integration.test_deliver import job
from tests.rabbit import TIKTOK, close_connection, connections, eventually, rabbit_settings, ready, take_all

pytestmark = pytest.mark.stack

TO_TIKTOK = ParkedFilter(jobs=Wanted(platform="tiktok"))


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with rabbit_settings(tmp_path) as made:
        yield made


async def park_both(settings: Settings, number: int) -> None:
    """Every tenth job is TikTok's and expired."""
    jobs = [
        parked_message(job(n, platform="tiktok", pixel=TIKTOK), EXPIRED) if n % 10 == 0 else parked_message(job(n))
        for n in range(number)
    ]
    await park(settings, jobs)


def event_ids(messages: Sequence[DeliveredMessage]) -> list[str]:
    return [decode_job(message.body).event.event_id for message in messages]


async def replay(settings: Settings, wanted: ParkedFilter, **options: float) -> Sweep:
    publisher = Publisher(settings)
    replaying = ReplayParked(publisher)
    limits = {"limit": int(options.get("limit", 0)), "per_second": options.get("per_second", 0)}
    sweep = Sweep(settings, wanted, act=replaying.act, can_act=replaying.can_act, **limits)  # type: ignore[arg-type]
    try:
        await sweep.run()
    finally:
        await publisher.close()
    return sweep


async def test_fifty_looks_change_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browse, "QUIET_S", 0.02)
    await park_both(settings, 120)
    for _ in range(50):
        sweep = Sweep(settings, ParkedFilter())
        await sweep.run()
        assert (sweep.there, sweep.seen, sweep.groups.count) == (120, 120, 120)
    expired = next(group for group in sweep.groups.largest_first() if group.status == "expired")
    assert (expired.count, expired.pixels) == (12, {f"tiktok:{TIKTOK}": 12})
    left = await take_all(settings, QUEUE_PARKED)
    assert event_ids(left) == [f"e-{n}" for n in range(120)]  # also in their old order
    counts = {(message.header.properties.headers or {})["x-delivery-count"] for message in left}
    assert counts == {50}  # 20 would have been the end of them without the policy


async def test_more_than_a_window_holds_is_seen_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browse, "WINDOW", 50)
    await park_both(settings, 333)
    for _ in range(2):
        async with Browser(settings, QUEUE_PARKED) as browser:
            seen = [received.message_id async for received in browser.messages()]
        assert len(seen) == len(set(seen)) == 333
    assert await ready(settings, QUEUE_PARKED) == 333


async def test_replay_takes_what_matches_and_leaves_the_rest_in_place(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browse, "WINDOW", 30)
    await park_both(settings, 100)
    sweep = await replay(settings, TO_TIKTOK)
    assert (sweep.done, sweep.groups.count, sweep.seen) == (10, 10, 100)
    back = await take_all(settings, "tiktok_queue")
    assert event_ids(back) == [f"e-{n}" for n in range(0, 100, 10)]
    headers = own_headers(back[0].header.properties.headers or {})
    assert headers.keys() == {ATTEMPT, REPLAYED}
    assert headers[ATTEMPT] == 1
    left = await take_all(settings, QUEUE_PARKED)
    assert event_ids(left) == [f"e-{n}" for n in range(100) if n % 10]
    assert (left[0].header.properties.headers or {})[LAST_STATUS] == "invalid 100/2804050"


async def test_a_limit_ends_the_walk(settings: Settings) -> None:
    await park_both(settings, 100)
    sweep = await replay(settings, TO_TIKTOK, limit=3)
    assert sweep.done == 3
    assert event_ids(await take_all(settings, "tiktok_queue")) == ["e-0", "e-10", "e-20"]
    assert await ready(settings, QUEUE_PARKED) == 97


async def test_a_rate_is_kept_over_walks_that_are_broken_off(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HOLD_S", 0.1)
    monkeypatch.setattr(browse, "QUIET_S", 0.02)
    await park_both(settings, 100)
    started_s = asyncio.get_running_loop().time()
    sweep = await replay(settings, TO_TIKTOK, per_second=5)
    assert asyncio.get_running_loop().time() - started_s >= 2  # ten at 5 a second; each walk may hold for 0.1 s
    assert (sweep.done, sweep.groups.count) == (10, 10)
    assert len(await take_all(settings, "tiktok_queue")) == 10
    assert await ready(settings, QUEUE_PARKED) == 90


async def test_what_is_no_job_and_what_came_back_meanwhile_is_spared(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HOLD_S", 0.0)  # a new walk after each chunk
    monkeypatch.setattr(module, "CHUNK", 1)
    monkeypatch.setattr(browse, "QUIET_S", 0.02)
    await park(settings, [Message(routing_key="meta.view", message_id="odd", body=b"no job")])
    await park(settings, [parked_message(job(1))])
    publisher = Publisher(settings)
    replaying = ReplayParked(publisher)

    async def fails_again(chunk: Sequence[Parked]) -> None:
        await replaying.act(chunk)
        (message,) = await take_all(settings, "meta_queue")
        at_ms = (message.header.properties.headers or {})[REPLAYED]
        assert isinstance(at_ms, int)
        again = Message(routing_key="meta.view", message_id="x", body=message.body, headers={REPLAYED: at_ms})
        await park(settings, [again])

    sweep = Sweep(settings, ParkedFilter(), act=fails_again, can_act=replaying.can_act)
    await asyncio.wait_for(sweep.run(), 30)
    await publisher.close()
    assert (sweep.done, sweep.spared) == (1, 2)
    assert await ready(settings, QUEUE_PARKED) == 2


async def test_two_operators_replay_each_job_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browse, "WINDOW", 20)
    await park_both(settings, 400)
    both = await asyncio.gather(*(replay(settings, TO_TIKTOK) for _ in range(2)))
    last = await replay(settings, TO_TIKTOK)  # what one held while the other walked
    assert sum(sweep.done for sweep in (*both, last)) == 40
    assert sorted(event_ids(await take_all(settings, "tiktok_queue"))) == sorted(
        f"e-{n}" for n in range(0, 400, 10)
    )
    assert await ready(settings, QUEUE_PARKED) == 360


async def test_a_cut_connection_ends_the_walk_and_loses_nothing(settings: Settings) -> None:
    await park_both(settings, 100)

    async def cut(chunk: Sequence[Parked]) -> None:
        async def listed() -> bool:
            return bool(await connections(settings, f"capi browse {QUEUE_PARKED}"))

        await eventually(listed, 15, "the reader is listed")
        for name in await connections(settings, f"capi browse {QUEUE_PARKED}"):
            await close_connection(settings, name)

    sweep = Sweep(settings, TO_TIKTOK, act=cut)
    with pytest.raises(BrowseError, match="in the queue again"):
        await sweep.run()

    async def all_back() -> bool:
        return await ready(settings, QUEUE_PARKED) == 100

    await eventually(all_back, 10, "all parked jobs are back")


async def test_no_queue_says_what_to_do(settings: Settings) -> None:
    with RabbitAdmin(settings) as admin:
        admin._ask("DELETE", f"/api/queues/{admin._quoted}/{QUEUE_PARKED}")
    with pytest.raises(BrowseError, match="capi queues apply"):
        await Sweep(settings, ParkedFilter()).run()
