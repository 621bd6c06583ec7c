"""Every setting, with a sentence; all mistakes at once. Environment variables are `CAPI_<NAME>`."""

from __future__ import annotations

from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from streams.settings_seeing import SeeingSettings
from streams.tenants import Tenants, load_tenants

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _numbers(text: object) -> object:
    return [part.strip() for part in text.split(",") if part.strip()] if isinstance(text, str) else text


class Settings(SeeingSettings):
    """The whole configuration of every role. deploy/env.example lists it; a test keeps both equal."""

    model_config = SettingsConfigDict(env_prefix="CAPI_", extra="ignore", frozen=True)

    # where things are
    kafka_url: str = Field("kafka://127.0.0.1:9092", description="Kafka bootstrap servers, comma separated.")
    rabbitmq_url: str = Field(
        "amqp://guest:guest@127.0.0.1:5672/", description="RabbitMQ, with the virtual host as path."
    )
    rabbitmq_management_url: str = Field(
        "http://127.0.0.1:15672",
        description="RabbitMQ management API, used by `capi queues`, `capi doctor` and `capi dead` only.",
    )
    redis_url: str = Field(
        "redis://127.0.0.1:6379/0", description="Redis of the session mirror and of delivery idempotency."
    )
    meta_url: str = Field("https://graph.facebook.com", description="Base address of Meta's Graph API.")
    meta_version: str = Field("v26.0", description="Graph API version that is asked for.")
    tiktok_url: str = Field(
        "https://business-api.tiktok.com", description="Base address of TikTok's Business API."
    )
    gateway_url: str = Field(
        "",
        description="Central site's gateway; when set, dispatch posts batches there instead of to RabbitMQ.",
    )
    tenants: Path = Field(
        Path("deploy/tenants.example.toml"),
        description="Path of the tenants file (TOML), see docs/tenants.md.",
    )
    namespace: str = Field(
        "capi",
        pattern=r"^[a-z0-9_.-]+$",
        description="Prefix of Kafka topics, consumer groups and Redis keys.",
    )

    # the session window
    idle_s: float = Field(1800, gt=0, description="Inactivity gap after which a session window closes, seconds.")
    max_age_s: float = Field(14400, gt=0, description="Longest time an event is held, seconds.")
    grace_s: float = Field(
        600,
        gt=0,
        description="How long a closed marker remembers event ids after the inactivity gap, seconds.",
    )
    merge_s: float = Field(
        240,
        gt=0,
        description="Hold = adaptive: an event whose browser copy fired is released after this, seconds.",
    )
    recall_s: float = Field(
        5,
        gt=0,
        description="Longest time a flush event waits for the memory of a returning visitor, seconds.",
    )
    tick_s: float = Field(5, gt=0, description="Every how many seconds a partition's owner appends a tick.")
    max_events: int = Field(500, ge=1, description="A session window with this many events is flushed.")
    max_bytes: int = Field(
        # at most: twice as much, with a thousand remembered ids, would not fit one Kafka record of the changelog
        262_144,
        ge=1024,
        le=262_144,
        description="A session window of this size is flushed, bytes.",
    )
    flush_on: Annotated[frozenset[str], NoDecode] = Field(
        frozenset({"Purchase"}),
        description="Event names that flush their session at once, comma separated; may be empty.",
    )

    # Kafka
    partitions: int = Field(
        4, ge=1, description="Partitions of every session topic; changing it later is a migration."
    )
    replication: int = Field(1, ge=1, description="Replication factor of the topics (3 in production).")
    run_records: int = Field(1000, ge=1, description="Most records in one run, so in one Kafka transaction.")
    run_buffer: int = Field(8, ge=1, description="Runs read ahead per partition; bounds memory.")
    session_timeout_s: float = Field(30, gt=0, description="Kafka group session time-out of the workers, seconds.")
    transaction_timeout_s: float = Field(
        30, gt=0, description="Kafka aborts a transaction that is open longer, seconds."
    )
    stall_s: float = Field(
        60,
        gt=0,
        description="A worker with a partition that has records and does not move for so long ends, seconds.",
    )
    web_host: str = Field("127.0.0.1", description="Address that a Faust worker's web views listen on.")
    web_port: int = Field(
        6066, ge=0, le=65535, description="Port of a Faust worker's web views; 0 turns them off."
    )
    state_dir: Path = Field(Path(".stack/state"), description="Folder for a worker's own small files.")

    # delivery
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
    retry_s: Annotated[tuple[float, ...], NoDecode] = Field(
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

    # the Redis mirror
    mirror: bool = Field(True, description="Whether open sessions are mirrored to Redis.")
    redis_timeout_s: float = Field(0.25, gt=0, description="Longest wait for one Redis answer, seconds.")

    # the HTTP door
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
    collect_trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Networks of proxies whose X-Forwarded-For and X-Forwarded-Proto count, comma separated.",
    )
    collect_body_bytes: int = Field(
        2_000_000, ge=65_536, description="Largest body of a request as sent, perhaps compressed, bytes."
    )
    collect_inflated_bytes: int = Field(8_000_000, ge=65_536, description="The same after gunzip, bytes.")
    collect_header_s: float = Field(
        10, gt=0, description="How long a new connection may take to send its first headers, seconds."
    )
    collect_body_s: float = Field(10, gt=0, description="How long a body may take to arrive, seconds.")
    collect_idle_s: float = Field(75, gt=0, description="How long an idle connection is kept open, seconds.")
    collect_peer_connections: int = Field(
        100, ge=1, description="Most open connections of one address, trusted proxies excepted."
    )
    collect_connections: int = Field(10_000, ge=1, description="Most open connections of one process.")
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

    # the Redis door
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

    # between the sites
    gateway_site: str = Field(
        "",
        pattern=r"^([a-z0-9][a-z0-9_-]{0,62})?$",
        validate_default=True,
        description="This site's name in the central site's tenants file; needed with CAPI_GATEWAY_URL.",
    )
    gateway_secrets: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Where the secrets are that batches are signed with, env:NAME or file:PATH, comma separated.",
    )
    gateway_ca: str = Field("", description="PEM file of the CA of the gateway's certificate; else the machine's.")
    gateway_cert: str = Field("", description="PEM file of this site's client certificate, if it has one.")
    gateway_key: str = Field("", description="PEM file of its private key; empty: in the file of the certificate.")
    gateway_timeout_s: float = Field(
        45, gt=0, description="How long the gateway may take to answer, above its CAPI_CONFIRM_TIMEOUT_S, seconds."
    )
    gateway_posts_in_flight: int = Field(4, ge=1, le=32, description="Batches that dispatch POSTs at once.")
    gateway_gzip_bytes: int = Field(2_000, ge=0, description="A batch larger than this is compressed, bytes.")
    gateway_taken_s: float = Field(
        172_800, gt=0, description="How long the central site remembers which batches it took, seconds."
    )
    tls_cert: str = Field(
        "",
        description="PEM file of the collector's certificate; when set, TLS 1.3 only. SIGHUP reads it anew.",
    )
    tls_key: str = Field("", description="PEM file of its private key; empty: in the file of the certificate.")
    tls_client_ca: str = Field("", description="PEM file of the CA that signs the sites' client certificates.")
    tls_client_certs: Literal["none", "optional", "required"] = Field(
        "optional", description="With that: required turns everybody away who has no client certificate."
    )

    # logs and the local stand-in
    log_format: str = Field("console", pattern="^(console|json)$", description="console or json.")
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error."
    )
    platforms_port: int = Field(
        8088, ge=1, le=65535, description="Port of `capi platforms`, the local stand-in for Meta and TikTok."
    )

    @field_validator(
        "retry_s",
        "flush_on",
        "collect_trusted_proxies",
        "gateway_secrets",
        "console_trusted_proxies",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return _numbers(value)

    @field_validator("retry_s")
    @classmethod
    def _ladder(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or any(delay <= 0 for delay in value):
            raise ValueError("needs at least one delay, each above 0 seconds, for example 300,900,3600,21600")
        return value

    @field_validator("collect_trusted_proxies", "console_trusted_proxies")
    @classmethod
    def _proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ip_network(text)
        return value

    @field_validator("gateway_url")
    @classmethod
    def _private(cls, value: str) -> str:
        url = urlsplit(value)
        if value and (url.scheme not in ("http", "https") or not url.hostname or url.query or url.username):
            raise ValueError("is an address like https://gateway.example.com")
        if url.scheme == "http" and url.hostname not in LOOPBACK:
            raise ValueError("is not encrypted: use https")
        return value

    @field_validator("gateway_site")
    @classmethod
    def _named(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("gateway_url") and not value:
            raise ValueError("is needed with CAPI_GATEWAY_URL: this site's name in the central tenants file")
        return value

    @field_validator("gateway_secrets")
    @classmethod
    def _places(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(place.startswith(("env:", "file:")) for place in value):
            raise ValueError("says where secrets are, env:NAME or file:PATH, never the secret itself")
        return value

    def topic(self, name: str) -> str:
        """Full topic name: `topic("sessions.in")` is `capi.sessions.in`."""
        return f"{self.namespace}.{name}"

    @property
    def kafka_servers(self) -> list[str]:
        """`host:port` of each bootstrap server, without the scheme."""
        return [server.removeprefix("kafka://").strip() for server in self.kafka_url.split(",")]

    @cached_property
    def tenant_map(self) -> Tenants:
        return load_tenants(self.tenants)


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment; raises pydantic's ValidationError, which lists every mistake."""
    return Settings(**overrides)
