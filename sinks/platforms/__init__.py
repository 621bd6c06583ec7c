"""The platforms by name. Pure: see contract.py."""

from __future__ import annotations

from sinks.platforms.contract import Addresses, PlatformRules
from sinks.platforms.meta import Meta
from sinks.platforms.tiktok import TikTok
from streams.events import Platform

PLATFORM_RULES: dict[Platform, type[PlatformRules]] = {"meta": Meta, "tiktok": TikTok}


def rules(settings: Addresses) -> dict[Platform, PlatformRules]:
    """Rules of every platform, with the addresses of these settings."""
    return {platform: kind.from_settings(settings) for platform, kind in PLATFORM_RULES.items()}
