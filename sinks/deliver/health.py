"""`/metrics` and `/healthz` of a delivery worker, on a port of its own.

/healthz is 200 when every queue is consumed and RabbitMQ takes messages, else 503; its JSON says what is wrong.
Lanes that are closed do not make a worker unhealthy: it is doing its work, and others flow.
"""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from sinks.deliver.shared import Shared
from sinks.deliver.worker import QueueWorker
from sinks.rabbit import Publisher
from streams.settings import Settings

log = structlog.get_logger(__name__)

PORTS = 10  # several workers on one machine take the next free one


def health(shared: Shared, publisher: Publisher, workers: Sequence[QueueWorker]) -> dict[str, Any]:
    """What /healthz says."""
    queues = {w.queue: {"consuming": w.consumer.attached, "in_hand": w.in_hand} for w in workers}
    lanes = [
        {"tenant": tenant, "platform": platform, "pixel": pixel, "state": lane.lane.state}
        for w in workers
        for (tenant, platform, pixel), lane in w.lanes.items()
    ]
    well = not publisher.blocked and all(w.consumer.attached for w in workers)
    return {
        "ok": well,
        "rabbitmq_blocked": publisher.blocked,  # a memory or disk alarm: retries and parking wait
        "redis": shared.delivered.asks_redis,
        "queues": queues,
        "lanes": lanes,
    }


@asynccontextmanager
async def serving(
    settings: Settings, shared: Shared, publisher: Publisher, workers: Sequence[QueueWorker]
) -> AsyncIterator[None]:
    """Serve both while the block runs. CAPI_DELIVER_PORT 0: neither."""

    async def healthz(_: web.Request) -> web.Response:
        found = health(shared, publisher, workers)
        body = msgspec.json.encode(found)
        return web.Response(status=200 if found["ok"] else 503, body=body, content_type="application/json")

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        if settings.deliver_port:
            await _listen(runner, settings.deliver_host, settings.deliver_port)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, first: int) -> None:
    for port in range(first, min(first + PORTS, 65_536)):
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                log.error("no /metrics and /healthz", host=host, port=port, why=type(error).__name__)
                return
        else:
            log.info("/metrics and /healthz", host=host, port=port)
            return
    log.error("no /metrics and /healthz: ports are taken", host=host, first=first, ports=PORTS)
