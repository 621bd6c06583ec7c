"""Settings: the Redis door."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class IntakeSettings(BaseSettings):
    """The Redis door."""

    intake_queue: str = Field("queue:capi", min_length=1, description="Redis list that `capi intake` takes from.")
    intake_pushed: Literal["left", "right"] = Field(
        "left", description="Where apps push: left (LPUSH) or right (RPUSH); events are taken at the other end."
    )
    intake_redis_url: str = Field("", description="Redis of that list; CAPI_REDIS_URL when empty.")
    intake_items: int = Field(500, ge=1, le=5000, description="Most items that `capi intake` takes at once.")
    intake_stop_s: float = Field(
        15, gt=0, description="How long it waits for Kafka after SIGTERM before it puts items back, seconds."
    )
    intake_host: str = Field("127.0.0.1", description="Address of its /metrics and /healthz.")
    intake_port: int = Field(
        9128,
        ge=0,
        le=65535,
        description="Port of its /metrics and /healthz, else the next free of ten; 0: neither.",
    )
