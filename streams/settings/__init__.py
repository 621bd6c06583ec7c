"""Every setting, with a sentence; all mistakes at once. Environment variables are `CAPI_<NAME>`."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any

from pydantic_settings import SettingsConfigDict

from streams.settings.collect import CollectSettings
from streams.settings.delivery import DeliverySettings
from streams.settings.gateway import GatewaySettings
from streams.settings.intake import IntakeSettings
from streams.settings.kafka import KafkaSettings
from streams.settings.logs import LogSettings
from streams.settings.places import Places
from streams.settings.seeing import SeeingSettings
from streams.settings.window import WindowSettings
from streams.tenants import Tenants, load_tenants


class Settings(
    LogSettings,
    SeeingSettings,
    GatewaySettings,
    IntakeSettings,
    CollectSettings,
    DeliverySettings,
    KafkaSettings,
    WindowSettings,
    Places,
):
    """The whole configuration of every role; its groups are the bases. deploy/env.example lists them, the last
    first, and a test keeps both equal."""

    model_config = SettingsConfigDict(env_prefix="CAPI_", extra="ignore", frozen=True)

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
    """Settings from the environment, then from the files in CAPI_SECRETS_DIR; raises pydantic's ValidationError,
    which lists every mistake."""
    folder: dict[str, Any] = {"_secrets_dir": os.environ.get("CAPI_SECRETS_DIR") or None}
    return Settings(**folder, **overrides)
