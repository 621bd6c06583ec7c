"""Settings: where things are."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Places(BaseSettings):
    """Where things are."""

    kafka_url: str = Field("kafka://127.0.0.1:9092", description="Kafka bootstrap servers, comma separated.")
    rabbitmq_url: str = Field(
        "amqp://guest:guest@127.0.0.1:5672/", description="RabbitMQ, with the virtual host as path."
    )
    rabbitmq_management_url: str = Field(
        "http://127.0.0.1:15672",
        description="RabbitMQ management API, used by `capi queues`, `capi doctor`, `capi dead` and the ledger.",
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
    secrets_dir: str = Field(
        "",
        description="Folder of settings that are secret, each in a file named like its variable, as "
        "capi_rabbitmq_url; relative file:PATHs are there, too. Only read from the environment.",
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

    @field_validator("gateway_url")
    @classmethod
    def _private(cls, value: str) -> str:
        url = urlsplit(value)
        if value and (url.scheme not in ("http", "https") or not url.hostname or url.query or url.username):
            raise ValueError("is an address like https://gateway.example.com")
        if url.scheme == "http" and url.hostname not in LOOPBACK:
            raise ValueError("is not encrypted: use https")
        return value
