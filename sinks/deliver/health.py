"""`/metrics` and `/healthz` of a delivery worker, on a port of its own.

/healthz is 200 when every queue is consumed and RabbitMQ takes messages, else 503; its JSON says what is wrong.
`erased_known` is false as long as a worker that started while Kafka was away waits for who must not be sent.
Lanes that are closed do not make a worker unhealthy: it is doing its work, and others flow.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from sinks.deliver.shared import Shared
from sinks.deliver.worker import QueueWorker
from sinks.rabbit import Publisher
from sinks.tombstones import TombstoneReader
from sinks.views import views
from streams.settings import Settings


def health(
    shared: Shared, publisher: Publisher, workers: Sequence[QueueWorker], erased: TombstoneReader
) -> dict[str, Any]:
    """What /healthz says."""
    queues = {w.queue: {"consuming": w.consumer.attached, "in_hand": w.in_hand} for w in workers}
    lanes = [
        {"tenant": tenant, "platform": platform, "pixel": pixel, "state": lane.lane.state}
        for w in workers
        for (tenant, platform, pixel), lane in w.lanes.items()
    ]
    well = erased.known and not publisher.blocked and all(w.consumer.attached for w in workers)
    return {
        "ok": well,
        "rabbitmq_blocked": publisher.blocked,  # a memory or disk alarm: retries and parking wait
        "erased_known": erased.known,
        "redis": shared.delivered.asks_redis,
        "queues": queues,
        "lanes": lanes,
    }


def serving(
    settings: Settings,
    shared: Shared,
    publisher: Publisher,
    workers: Sequence[QueueWorker],
    erased: TombstoneReader,
) -> AbstractAsyncContextManager[None]:
    """Serve both while the block runs. CAPI_DELIVER_PORT 0: neither."""
    healths = {"/healthz": lambda: health(shared, publisher, workers, erased)}
    return views(settings.deliver_host, settings.deliver_port, healths)
