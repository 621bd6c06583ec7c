"""A Faust agent that reads the session worker's topic and does nothing: what Faust itself costs a record."""

from __future__ import annotations

from typing import Any

import faust

from streams.settings import load_settings

settings = load_settings()
app = faust.App(
    f"{settings.namespace}-sessions",
    broker=settings.kafka_url,
    store="memory://",
    topic_partitions=settings.partitions,
    topic_allow_declare=False,
    topic_disable_leader=True,
    broker_commit_interval=0.5,  # the default of 2.8 s is too coarse to see progress by
    consumer_auto_offset_reset="earliest",
)
source = app.topic(
    settings.topic("sessions.in"),
    key_type=bytes,
    value_type=bytes,
    key_serializer="raw",
    value_serializer="raw",
    partitions=settings.partitions,
)


@app.agent(source)
async def nothing(stream: Any) -> None:
    async for _ in stream:
        pass
