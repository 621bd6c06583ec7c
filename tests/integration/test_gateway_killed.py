"""The central site's collector is killed while batches come: none is lost, what was taken is not taken again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from sinks.gateway import Gateway
from streams.events import Batch, decode_job, encode
from streams.settings import Settings
from tests.gateway import batch, central, client_site
from tests.kafka import topics_of
from tests.rabbit import rabbit_settings, ready, take_all
from tests.site import free_port
from tests.unit.collecting import reachable
from tests.workers import environment, start

pytestmark = [pytest.mark.stack, pytest.mark.timeout(150)]

BATCHES, KILLS = 160, 2


class Collector:
    """`capi collect` as a process that is killed and started anew."""

    def __init__(self, settings: Settings, folder: Path, ends: ExitStack) -> None:
        self._settings, self._env, self._log = settings, environment(settings), folder / "collect.log"
        self._ends = ends
        self.start()

    def start(self) -> None:
        self.process = start(["agents.cli", "collect"], self._env, self._log)
        self._ends.callback(self.process.kill)

    async def there(self) -> None:
        await reachable(self._settings.collect_port, lambda: self.process.poll() is None)
        assert self.process.poll() is None, self._log.read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


async def send(gateway: Gateway, batches: Sequence[Batch]) -> None:
    assert await gateway.send([encode(one) for one in batches]) == [None] * len(batches)


async def test_kill_9_of_the_centre_loses_no_batch_and_takes_none_twice(tmp_path: Path) -> None:
    with rabbit_settings(tmp_path, partitions=2) as base, ExitStack() as ends:
        settings = central(tmp_path, base, collect_health_port=free_port())
        batches = [batch(f"k{number}") for number in range(BATCHES)]
        async with topics_of(settings):
            collector = Collector(settings, tmp_path, ends)
            await collector.there()
            gateway = Gateway(client_site(tmp_path, settings))
            try:
                sending = asyncio.create_task(send(gateway, batches))
                for number in range(KILLS):
                    while await ready(settings, "meta_queue") < (number + 1) * BATCHES // (KILLS + 2):
                        assert not sending.done()
                    collector.kill()
                    collector.start()
                    await collector.there()
                await sending
                queued = await ready(settings, "meta_queue")
                await send(gateway, batches)  # as dispatch does after a crash of its own
                assert await ready(settings, "meta_queue") == queued
            finally:
                await gateway.close()
        jobs = [decode_job(message.body) for message in await take_all(settings, "meta_queue")]
        assert {job.event.event_id for job in jobs} == {f"e-k{number}" for number in range(BATCHES)}
        in_hand = settings.gateway_posts_in_flight
        pixels = len({job.pixel_id for job in jobs})
        assert len({job.job_id for job in jobs}) == BATCHES * pixels
        assert len(jobs) - BATCHES * pixels <= KILLS * in_hand * pixels, (
            "only what was in hand at a kill came twice"
        )
