"""Settings: who looks."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from streams.settings.parts import Networks


class SeeingSettings(BaseSettings):
    """Ledger, console, web views, metrics and traces."""

    # the ledger
    ledger_s: float = Field(
        604_800, gt=0, description="How long the ledger remembers an event and counts by the hour, seconds."
    )
    ledger_minutes_s: float = Field(
        86_400, gt=0, description="How long the ledger keeps its counts by the minute, seconds."
    )
    ledger_events: int = Field(
        250_000, ge=1, description="Most events the ledger remembers per partition; the oldest visits go first."
    )
    ledger_live: int = Field(2_000, ge=1, description="Lines a ledger worker keeps for the live view.")

    # the console and the web views
    console_host: str = Field("127.0.0.1", description="Address that the console listens on.")
    console_port: int = Field(
        8070, ge=0, le=65535, description="Port of the console, else the next free of ten; 0: none."
    )
    console_url: str = Field(
        "http://127.0.0.1:8070",
        description="Where the command line finds the console; any ledger worker's will do.",
    )
    console_users: Path = Field(
        Path(".stack/state/users.toml"), description="File of the console's users, made by `capi users add`."
    )
    console_secure: bool = Field(
        False, description="Whether browsers reach the console over HTTPS only: cookies are Secure, HSTS is sent."
    )
    console_session_s: float = Field(
        43_200,
        gt=0,
        description="How long a login lasts at most, seconds; a quarter of it when nothing is asked for.",
    )
    console_user_header: str = Field(
        "",
        description="Header by which a trusted proxy names the user; needs CAPI_CONSOLE_TRUSTED_PROXIES.",
    )
    console_trusted_proxies: Networks = Field(
        (), description="Networks of proxies whose user header and X-Forwarded-For count, comma separated."
    )
    internal_secret: str = Field(
        "file:.stack/state/internal.secret",
        description="Where the secret is by which roles know each other, env:NAME or file:PATH; a file is made.",
    )
    sessions_url: str = Field(
        "http://127.0.0.1:6066", description="Web views of any one session worker; it knows the others."
    )

    # metrics and traces
    metrics_host: str = Field("127.0.0.1", description="Address of a Faust worker's /metrics and /healthz.")
    metrics_port: int = Field(
        9138,
        ge=0,
        le=65535,
        description="Port of a Faust worker's /metrics and /healthz, else the next free of twenty; 0: neither.",
    )
    otel_url: str = Field(
        "",
        description="OTLP/HTTP endpoint of traces, like http://127.0.0.1:4318; needs the extra otel.",
    )
    otel_ratio: float = Field(0.01, ge=0, le=1, description="Share of events that are traced.")
