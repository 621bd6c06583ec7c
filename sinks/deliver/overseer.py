"""What a delivery worker looks after once a second, beside its jobs: the operator's switch, rotated tokens, the
worker's sign of life, the state of its lanes for the metrics, and whether its queue still sends.

Each has a loop of its own: a RabbitMQ that keeps silent must not make others believe that this worker is dead.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

import structlog

from sinks.deliver.counters import LANE_RATE, LANE_STATE, OLDEST_AGE, TEST_CODE, UNACKED
from sinks.deliver.courier import digest, secrets_of
from sinks.deliver.lane_worker import LaneWorker
from sinks.deliver.lanes import STATES
from sinks.deliver.shared import Shared
from sinks.deliver.watchdog import LOOK_S, Watchdog
from sinks.rabbit.consumer import Consumer

log = structlog.get_logger(__name__)

BEAT_S = 1.0

LaneKey = tuple[str, str, str]  # tenant, platform, pixel_id


class Overseen(Protocol):
    """The part of a queue's worker that is looked after."""

    queue: str
    consumer: Consumer
    lanes: dict[LaneKey, LaneWorker]

    @property
    def in_hand(self) -> int: ...
    @property
    def oldest_ms(self) -> int | None: ...
    def count_busy(self) -> None: ...


class Overseer:
    """`run` it beside the worker; cancel it to end it."""

    def __init__(self, worker: Overseen, shared: Shared) -> None:
        self._worker, self._shared = worker, shared
        self._watchdog = Watchdog()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._beat())
            loops.create_task(self._look())
            loops.create_task(self._watch_queue())

    async def _beat(self) -> None:
        while True:
            await self._shared.delivered.beat()
            await asyncio.sleep(BEAT_S)

    async def _look(self) -> None:
        while True:
            self._shared.paused = await self._shared.switch.paused()
            self._worker.count_busy()
            now_ms, oldest_ms = int(time.time() * 1000), self._worker.oldest_ms
            UNACKED.labels(self._worker.queue).set(self._worker.in_hand)
            OLDEST_AGE.labels(self._worker.queue).set(max(0, now_ms - (oldest_ms or now_ms)) / 1000)
            for key, lane in self._worker.lanes.items():
                self._look_at(key, lane)
            await asyncio.sleep(BEAT_S)

    def _look_at(self, key: LaneKey, worker: LaneWorker) -> None:
        _, platform, pixel = key
        lane = worker.lane
        if lane.pause((platform, pixel) in self._shared.paused):
            log.info(
                "this pixel is paused" if lane.state == "paused" else "pause over", platform=platform, pixel=pixel
            )
        if lane.state == "stopped":
            self._compare_token(key, worker)
        for state in STATES:
            LANE_STATE.labels(platform, pixel, state).set(state == lane.state)
        LANE_RATE.labels(platform, pixel).set(lane.rate.limit)
        destination = self._shared.settings.tenant_map.destination(*key)
        tests = destination is not None and destination.test_code(int(time.time() * 1000))
        TEST_CODE.labels(platform, pixel).set(bool(tests))
        worker.pump()

    def _compare_token(self, key: LaneKey, worker: LaneWorker) -> None:
        destination = self._shared.settings.tenant_map.destination(*key)
        secrets = secrets_of(destination) if destination else None
        if secrets and digest(secrets) != worker.lane.token and worker.lane.probe_now():
            log.info("this pixel has a new token; trying it", platform=key[1], pixel=key[2])

    async def _watch_queue(self) -> None:
        while True:
            depth = await self._worker.consumer.depth()
            self._judge(depth)
            await asyncio.sleep(LOOK_S)

    def _judge(self, depth: int | None) -> None:
        worker, consumer = self._worker, self._worker.consumer
        room = worker.in_hand < self._shared.settings.prefetch
        finding = self._watchdog.look(depth, room, consumer.deliveries, time.monotonic())
        if finding == "resubscribe":
            log.error("the queue has messages but sends none; subscribing anew", queue=worker.queue)
            consumer.resubscribe()
        elif finding == "lost":
            consumer.fail(f"{worker.queue} has messages but sends none; look at RabbitMQ's log")
