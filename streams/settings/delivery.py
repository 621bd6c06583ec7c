"""Settings: what delivers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from streams.settings.parts import SPLIT


class DeliverySettings(BaseSettings):
    """Delivery to the platforms."""

    prefetch: int = Field(100, ge=1, description="Unacknowledged jobs a delivery worker holds per queue.")
    post_events: int = Field(50, ge=1, le=1000, description="Most events in one POST.")
    post_bytes: int = Field(
        1_000_000, ge=10_000, description="Most bytes of jobs in one POST; a single event may be larger."
    )
    post_wait_s: float = Field(1, ge=0, description="How long a job waits for others to share its POST, seconds.")
    post_wait_purchase_s: float = Field(0.05, ge=0, description="The same for a Purchase, seconds.")
    posts_in_flight: int = Field(4, ge=1, description="POSTs one delivery worker has under way at once per pixel.")
    probe_s: float = Field(
        60,
        gt=0,
        description="First pause before a refused pixel is tried again with one job, seconds; doubles up to 900.",
    )
    invalid: Literal["park", "discard"] = Field(
        "park", description="What becomes of events that a platform refuses: park or discard."
    )
    stop_timeout_s: float = Field(
        15, gt=0, description="How long a delivery worker finishes its POSTs after SIGTERM, seconds."
    )
    deliver_host: str = Field("127.0.0.1", description="Address of a delivery worker's /metrics and /healthz.")
    deliver_port: int = Field(
        9108,
        ge=0,
        le=65535,
        description="Port of a delivery worker's /metrics and /healthz, else the next free of ten; 0: neither.",
    )
    retry_s: Annotated[tuple[float, ...], *SPLIT] = Field(
        (300, 900, 3600, 21600),
        description="Delays before attempts 2, 3, …, seconds, comma separated; one RabbitMQ queue each.",
    )
    confirm_timeout_s: float = Field(
        30, gt=0, description="How long a publish waits for RabbitMQ's confirm, seconds."
    )
    post_timeout_s: float = Field(10, gt=0, description="How long a POST to a platform may take, seconds.")
    delivered_ttl_s: float = Field(
        172_800, gt=0, description="How long a delivered job is remembered in Redis, seconds."
    )
    event_max_age_s: float = Field(
        604_800,
        gt=0,
        description="Events older than this are parked, not sent (both platforms: 7 days), seconds.",
    )

    @field_validator("retry_s")
    @classmethod
    def _ladder(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or any(delay <= 0 for delay in value):
            raise ValueError("needs at least one delay, each above 0 seconds, for example 300,900,3600,21600")
        return value
