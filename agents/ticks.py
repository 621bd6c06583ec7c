"""The clock of a log: the owner of each partition appends the time to it, so that time passes without events."""

from __future__ import annotations

import structlog
from aiokafka.errors import KafkaError

from streams.events import Tick, encode
from streams.runs import RunApp

log = structlog.get_logger(__name__)


def add_ticks(app: RunApp) -> None:
    """A tick every CAPI_TICK_S to each partition of the app's first source topic that this worker owns."""
    settings = app.settings
    topic, tick = app.sources[0], encode(Tick())

    async def ticks() -> None:
        if app.rebalancing:
            return
        try:
            for partition in sorted(app.writers):
                await app.producer.send(topic, None, tick, partition, None, None)
        except KafkaError as error:
            log.warning("tick not sent; time goes on when Kafka answers again", topic=topic, why=repr(error))

    app.timer(settings.tick_s)(ticks)
