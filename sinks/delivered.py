"""Which jobs were delivered already, or are being delivered: Redis, and this process's own memory in front of it.

RabbitMQ delivers a job again when a worker dies between the POST and the ack, or loses its connection while it
waits for the answer; Meta does not promise to discard the second copy. Redis being away costs at most one time-out
every few seconds and never stops delivery: then only this process's memory answers, which covers a lost RabbitMQ
connection.

Keys: `<namespace>:delivered:<job_id>` is `d` once delivered (48 hours), before that `w` and the worker that has it
in hand; `<namespace>:deliverer:<worker>` says that this worker lives.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from math import ceil
from typing import Any, Literal

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
LATE_S = 0.05  # a time-out that comes so late says that this process was stopped or starved, nothing of Redis
ALIVE_S = 5.0  # what a worker that does not beat any more had in hand is free after this
IN_HAND_S = 60.0  # beyond the longest POST; only a bug leaves a job marked so long
ERRORS = (RedisError, OSError, TimeoutError)

Claim = Literal["ours", "delivered", "elsewhere"]

# One command for a whole batch, and one letter of the answer for each job: redis-py reads a list ten times slower.
# KEYS: the jobs. ARGV: mark of this worker, seconds, prefix of the living.
CLAIM = """
local found = {}
for i, key in ipairs(KEYS) do
  local known = redis.call('GET', key)
  local others = known and known ~= ARGV[1]
  if known == 'd' then found[i] = 'd'
  elseif others and redis.call('EXISTS', ARGV[3] .. string.sub(known, 2)) == 1 then found[i] = 'w'
  else redis.call('SET', key, ARGV[1], 'EX', ARGV[2]); found[i] = 'o' end
end
return table.concat(found)
"""
REMEMBER = "for _, key in ipairs(KEYS) do redis.call('SET', key, 'd', 'EX', ARGV[1]) end"
RELEASE = "for _, key in ipairs(KEYS) do if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end end"
MEANING: dict[str, Claim] = {"d": "delivered", "w": "elsewhere", "o": "ours"}


class DeliveredJobs:
    """The idempotency store. Call `beat` every second or so while jobs are in hand."""

    def __init__(self, settings: Settings, now_s: Callable[[], float] = time.monotonic) -> None:
        self._worker = secrets.token_hex(8)
        self._mark = f"w{self._worker}"
        self._prefix = f"{settings.namespace}:delivered:"
        self._living = f"{settings.namespace}:deliverer:"
        self._ttl_s = ceil(settings.delivered_ttl_s)
        self._in_hand_s = ceil(settings.post_timeout_s + IN_HAND_S)
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
        self._claim, self._remember, self._release = map(self._redis.register_script, (CLAIM, REMEMBER, RELEASE))

    @property
    def asks_redis(self) -> bool:
        """False for a while after Redis did not answer."""
        return self._now_s() >= self._closed_until_s

    async def beat(self) -> None:
        """Say that this worker lives: nobody else takes what it has in hand."""
        if self.asks_redis:
            living = self._living + self._worker
            await self._ask("beat", 0, lambda: self._redis.set(living, 1, ex=ceil(ALIVE_S)))

    async def claim(self, job_ids: Sequence[str]) -> dict[str, Claim]:
        """Before a POST: which jobs are this worker's to send. Without Redis: all that it does not remember."""
        claims: dict[str, Claim] = {job_id: "delivered" if job_id in self._own else "ours" for job_id in job_ids}
        asked = [job_id for job_id, claim in claims.items() if claim == "ours"]
        found = await self._run(self._claim, "read", asked, (self._mark, self._in_hand_s, self._living))
        claims.update(
            {job_id: MEANING[answer] for job_id, answer in zip(asked, (found or b"").decode(), strict=False)}
        )
        return claims

    async def remember(self, job_ids: Sequence[str]) -> None:
        """Note that these were delivered."""
        self._remember_here(job_ids)
        await self._run(self._remember, "write", job_ids, (self._ttl_s,))

    async def release(self, job_ids: Sequence[str]) -> None:
        """These were not delivered and leave this worker: the next may send them."""
        await self._run(self._release, "write", job_ids, (self._mark,))

    async def close(self) -> None:
        """What is still in hand is free at once."""
        with suppress(*ERRORS):
            async with asyncio.timeout(self._timeout_s):
                await self._redis.delete(self._living + self._worker)
        with suppress(*ERRORS):
            await self._redis.aclose()

    async def _run(self, script: Any, what: str, job_ids: Sequence[str], args: Sequence[object]) -> Any:
        if not job_ids:
            return None
        if not self.asks_redis:
            UNASKED.labels(what).inc(len(job_ids))
            return None
        keys = [self._prefix + job_id for job_id in job_ids]
        return await self._ask(what, len(job_ids), lambda: script(keys=keys, args=args))

    async def _ask(self, what: str, jobs: int, ask: Callable[[], Awaitable[Any]]) -> Any:
        due_s = self._now_s() + self._timeout_s + LATE_S
        try:
            return await self._answer(ask)
        except ERRORS as error:
            late, why = self._now_s() > due_s, type(error).__name__
        if late:  # what this worker had in hand may be delivered by others meanwhile: it must ask
            try:
                return await self._answer(ask)
            except ERRORS as error:
                why = type(error).__name__
        UNASKED.labels(what).inc(jobs)
        self._closed_until_s = self._now_s() + BREAK_S
        log.warning("Redis does not answer; delivering without it", what=what, why=why)
        return None

    async def _answer(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        async with asyncio.timeout(self._timeout_s):
            return await ask()

    def _remember_here(self, job_ids: Sequence[str]) -> None:
        for job_id in job_ids:
            self._own[job_id] = None
            self._own.move_to_end(job_id)
        while len(self._own) > REMEMBERED_JOBS:
            self._own.popitem(last=False)
