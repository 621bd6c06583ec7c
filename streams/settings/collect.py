"""Settings: the HTTP door."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings

from streams.settings.parts import Networks


class CollectSettings(BaseSettings):
    """The HTTP door."""

    collect_host: str = Field("127.0.0.1", description="Address that `capi collect` listens on.")
    collect_port: int = Field(
        8090, ge=1, le=65535, description="Port of `capi collect`; several processes may share it."
    )
    collect_health_port: int = Field(
        9118,
        ge=0,
        le=65535,
        description="Port of the collector's /metrics, /healthz, /readyz, else the next free of ten; 0: none.",
    )
    collect_trusted_proxies: Networks = Field(
        (),
        description="Networks of proxies whose X-Forwarded-For and X-Forwarded-Proto count, comma separated.",
    )
    collect_body_bytes: int = Field(
        2_000_000, ge=65_536, description="Largest body of a request as sent, perhaps compressed, bytes."
    )
    collect_inflated_bytes: int = Field(8_000_000, ge=65_536, description="The same after gunzip, bytes.")
    collect_header_s: float = Field(
        10,
        gt=0,
        description="How long a new connection may take to send its first headers, seconds; the console's too.",
    )
    collect_body_s: float = Field(
        10, gt=0, description="How long a body may take to arrive, seconds; the console's too."
    )
    collect_idle_s: float = Field(75, gt=0, description="How long an idle connection is kept open, seconds.")
    collect_peer_connections: int = Field(
        100, ge=1, description="Most open connections of one address, trusted proxies excepted; the console's too."
    )
    collect_connections: int = Field(
        10_000, ge=1, description="Most open connections of one process; the console's too."
    )
    collect_address_rate: float = Field(
        50, gt=0, description="Most events a second of one address with a publishable key; 20 s of it at once."
    )
    collect_kafka_s: float = Field(
        10, gt=0, description="How long a request waits for Kafka before it is answered 503, seconds."
    )
    collect_waiting_bytes: int = Field(
        67_108_864, ge=1_048_576, description="Most bytes that wait for Kafka; more is answered 503."
    )
    collect_stop_s: float = Field(
        15, gt=0, description="How long the collector finishes requests after SIGTERM, seconds."
    )
    demo_shop_key: str = Field(
        "", description="Publishable key of the demo shop that the collector then serves at /demo; empty: no shop."
    )
