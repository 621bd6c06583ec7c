"""Settings of the local stack. Environment variables are `CAPI_STACK_<NAME>`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]


class StackSettings(BaseSettings):
    """Where the local stack keeps things and how much it may use. Addresses come from streams.settings."""

    model_config = SettingsConfigDict(env_prefix="CAPI_STACK_", extra="ignore", frozen=True)

    dir: Path = Field(Path(".stack"), description="Folder of the stack's data, logs and generated configuration.")
    engine: Literal["auto", "docker", "native"] = Field(
        "auto", description="docker, native, or auto: Docker when an engine with Compose answers, else native."
    )
    wait_s: float = Field(180, gt=0, description="How long `up` waits for the services to answer, seconds.")
    install: bool = Field(
        True, description="Whether `up` may install missing Debian packages (as root or with sudo)."
    )
    kafka_libs: Path = Field(
        Path(".stack/kafka/libs"), description="Folder of Kafka's jars; several stacks can share it."
    )
    kafka_memory_mb: int = Field(1024, ge=256, description="Largest heap of the Kafka broker, MiB.")
    kafka_controller_port: int = Field(
        0, ge=0, le=65535, description="Port of Kafka's controller; 0 means Kafka's port + 12000."
    )
    rabbitmq_memory_mb: int = Field(1024, ge=128, description="RabbitMQ blocks publishers above this memory, MiB.")
    rabbitmq_disk_free_mb: int = Field(
        200, ge=1, description="RabbitMQ blocks publishers when less disk than this is free, MiB."
    )
    rabbitmq_dist_port: int = Field(
        0, ge=0, le=65535, description="Port of Erlang's distribution; 0 means RabbitMQ's port + 20000."
    )
    rabbitmq_epmd_port: int = Field(
        0, ge=0, le=65535, description="Port of Erlang's port mapper; 0 means RabbitMQ's port + 19000."
    )
    redis_memory_mb: int = Field(512, ge=16, description="Redis refuses writes above this memory, MiB.")

    @field_validator("dir", "kafka_libs")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        # A stack belongs to a checkout, so it is found from every working directory.
        return value if value.is_absolute() else ROOT / value


def load_stack_settings(**overrides: Any) -> StackSettings:
    """Settings from the environment; raises pydantic's ValidationError, which lists every mistake."""
    return StackSettings(**overrides)
