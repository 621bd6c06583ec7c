"""Settings: logs and the local stand-in."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class LogSettings(BaseSettings):
    """Logs and the local stand-in."""

    log_format: str = Field("console", pattern="^(console|json)$", description="console or json.")
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error."
    )
    platforms_port: int = Field(
        8088, ge=1, le=65535, description="Port of `capi platforms`, the local stand-in for Meta and TikTok."
    )
