"""Which jobs were delivered already: Redis for 48 hours, and this process's own memory in front of it.

RabbitMQ delivers a job again when a worker dies between the POST and the ack; Meta does not promise to discard
the second copy. Redis being away costs at most one time-out every few seconds and never stops delivery: then only
this process's memory answers, which covers a lost RabbitMQ connection.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import ceil

import structlog
from prometheus_client import Counter
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streams.settings import Settings

log = structlog.get_logger(__name__)

UNASKED = Counter("capi_delivered_unasked_total", "Jobs for which Redis could not be asked or told", ["what"])

REMEMBERED_JOBS = 20_000
BREAK_S = 5.0  # after a failure Redis is left alone this long
ERRORS = (RedisError, OSError, TimeoutError)


class DeliveredJobs:
    """The idempotency store. Keys: `<namespace>:delivered:<job_id>`, value: Unix ms of the delivery."""

    def __init__(self, settings: Settings, now_s: Callable[[], float] = time.monotonic) -> None:
        self._prefix = f"{settings.namespace}:delivered:"
        self._ttl_s = ceil(settings.delivered_ttl_s)
        self._timeout_s, self._now_s = settings.redis_timeout_s, now_s
        self._closed_until_s = 0.0
        self._own: OrderedDict[str, None] = OrderedDict()
        # redis-py's own retries made one GET last 4.6 s against a Redis that refuses
        self._redis = Redis.from_url(
            settings.redis_url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=self._timeout_s,
            socket_connect_timeout=self._timeout_s,
        )

    async def among(self, job_ids: Sequence[str]) -> set[str]:
        """Those of `job_ids` that are known to have been delivered."""
        known = {job_id for job_id in job_ids if job_id in self._own}
        asked = [job_id for job_id in job_ids if job_id not in known]
        if not asked or not self._may_ask("read", len(asked)):
            return known
        try:
            async with asyncio.timeout(self._timeout_s):
                found = await self._redis.mget([self._prefix + job_id for job_id in asked])
        except ERRORS as error:
            self._failed("read", len(asked), error)
            return known
        return known | {job_id for job_id, value in zip(asked, found, strict=True) if value is not None}

    async def remember(self, job_ids: Sequence[str], at_ms: int) -> None:
        """Note that these were delivered."""
        self._remember_here(job_ids)
        if not job_ids or not self._may_ask("write", len(job_ids)):
            return
        try:
            async with asyncio.timeout(self._timeout_s), self._redis.pipeline(transaction=False) as pipeline:
                for job_id in job_ids:
                    pipeline.set(self._prefix + job_id, at_ms, ex=self._ttl_s)
                await pipeline.execute()
        except ERRORS as error:
            self._failed("write", len(job_ids), error)

    async def close(self) -> None:
        with suppress(*ERRORS):
            await self._redis.aclose()

    def _remember_here(self, job_ids: Sequence[str]) -> None:
        for job_id in job_ids:
            self._own[job_id] = None
            self._own.move_to_end(job_id)
        while len(self._own) > REMEMBERED_JOBS:
            self._own.popitem(last=False)

    def _may_ask(self, what: str, jobs: int) -> bool:
        if self._now_s() >= self._closed_until_s:
            return True
        UNASKED.labels(what).inc(jobs)
        return False

    def _failed(self, what: str, jobs: int, error: BaseException) -> None:
        UNASKED.labels(what).inc(jobs)
        self._closed_until_s = self._now_s() + BREAK_S
        log.warning("Redis does not answer; delivering without it", what=what, why=type(error).__name__)
