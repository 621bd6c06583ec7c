"""The demo's own namespace, virtual host, tenants file and settings: repeated runs do not see each other."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from agents.demo.plan import GRACE_S, IDLE_S, MAX_AGE_S, MERGE_S
from streams.settings import Settings, load_settings

TENANTS = """\
[tenants.default]
default_country = "US"

[[tenants.default.destinations]]
platform = "meta"
pixel_id = "1000000000000001"
token = "env:DEMO_META_TOKEN"

[[tenants.default.destinations]]
platform = "tiktok"
pixel_id = "CDEMOPIXEL0000000001"
token = "env:DEMO_TIKTOK_TOKEN"
"""
TOKENS = {"DEMO_META_TOKEN": "demo-meta", "DEMO_TIKTOK_TOKEN": "demo-tiktok"}  # nosec B105 # the stand-in takes any


@dataclass(frozen=True)
class World:
    """`settings` for this process, `environment` says the same to the roles, `folder` for their logs."""

    settings: Settings
    environment: dict[str, str]
    folder: Path

    @property
    def platforms_url(self) -> str:
        return self.settings.meta_url


def make_world(name: str, folder: Path, speed: float) -> World:
    """Windows `speed` times shorter than the rule's 30 minutes and 4 hours; the services of the environment."""
    (folder / "state").mkdir(parents=True, exist_ok=True)
    tenants = folder / "tenants.toml"
    tenants.write_text(TENANTS, encoding="utf-8")
    port = _free_port()
    own: dict[str, Any] = {
        "namespace": name,
        "rabbitmq_url": _with_vhost(load_settings().rabbitmq_url, name),
        "tenants": tenants,
        "state_dir": folder / "state",
        "platforms_port": port,
        "meta_url": f"http://127.0.0.1:{port}",
        "tiktok_url": f"http://127.0.0.1:{port}",
        "gateway_url": "",
        "web_port": 0,
        "flush_on": "Purchase",
        **_times(speed),
    }
    return World(load_settings(**own), TOKENS | _environment(own), folder)


def _times(speed: float) -> dict[str, Any]:
    return {
        "idle_s": IDLE_S / speed,
        "max_age_s": MAX_AGE_S / speed,
        "grace_s": GRACE_S / speed,
        "merge_s": MERGE_S / speed,
        "recall_s": 1.0,  # answers take as long as ever
        "tick_s": 0.5,
        "retry_s": "2,4,8,16",
        "session_timeout_s": 10,
    }


def _environment(own: dict[str, Any]) -> dict[str, str]:
    return {f"CAPI_{name.upper()}": str(value) for name, value in own.items()}


def _with_vhost(url: str, vhost: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{vhost}"))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
