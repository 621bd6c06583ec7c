"""An intake process: one worker, its connections, and its /metrics and /healthz."""

from __future__ import annotations

import asyncio

import structlog

from agents.intake.queue import TakenQueue
from agents.intake.worker import IntakeWorker
from sinks.records import RecordWriter
from sinks.redis_probe import RedisProbeError, redis_facts
from sinks.views import views
from streams.settings import Settings

log = structlog.get_logger(__name__)

PROBE_S = 3.0


async def run_intake(settings: Settings, stop: asyncio.Event) -> None:
    """Take from the queue until `stop`, then finish what is in hand."""
    await _check_redis(settings)
    queue, writer = TakenQueue(settings), RecordWriter(settings)
    worker = IntakeWorker(settings, queue, writer, stop)
    writer.start()
    try:
        async with views(settings.intake_host, settings.intake_port, {"/healthz": worker.health}):
            log.info("taking", queue=queue.name, worker=queue.worker)
            await worker.run()
    finally:
        await writer.close()
        await queue.close()


async def _check_redis(settings: Settings) -> None:
    """Say at the start where Redis is set up to lose what apps push."""
    try:
        facts = await redis_facts(settings.intake_redis_url or settings.redis_url, PROBE_S)
    except RedisProbeError:
        return  # the worker waits for it, and tells
    if facts.policy.startswith("allkeys"):
        log.warning("Redis may evict the queue itself: use noeviction or volatile-lru", policy=facts.policy)
    if not facts.append_only:
        log.warning("a restart of Redis loses what waits in the queue: appendonly yes")
