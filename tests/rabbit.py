"""A virtual host of its own for each test, with the whole topology and rungs of one and two seconds."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from aiormq.abc import DeliveredMessage

from sinks.rabbit.connection import Link
from sinks.rabbit_admin import RabbitAdmin
from sinks.topology import definitions
from streams.settings import Settings, load_settings

META, TIKTOK = "1111111111", "CTESTPIXEL"
TENANTS = f"""
[tenants.default]
[[tenants.default.destinations]]
platform = "meta"
pixel_id = "{META}"
token = "env:TEST_TOKEN"
[[tenants.default.destinations]]
platform = "meta"
pixel_id = "2222222222"
token = "env:TEST_TOKEN"
[[tenants.default.destinations]]
platform = "tiktok"
pixel_id = "{TIKTOK}"
token = "env:TEST_TOKEN"
"""


@contextmanager
def rabbit_settings(folder: Path, **overrides: Any) -> Iterator[Settings]:
    """Settings with a fresh virtual host that is deleted afterwards, and a namespace of the same name."""
    os.environ["TEST_TOKEN"] = "secret-of-the-test"
    name = f"test-{secrets.token_hex(4)}"
    (folder / "tenants.toml").write_text(TENANTS)
    url = load_settings().rabbitmq_url.rpartition("/")[0]
    own = {"rabbitmq_url": f"{url}/{name}", "namespace": name, "tenants": folder / "tenants.toml"}
    made = load_settings(**(own | {"retry_s": (1, 2), "confirm_timeout_s": 5} | overrides))
    with RabbitAdmin(made) as admin:
        admin.import_definitions(definitions(made))
        try:
            yield made
        finally:
            admin.delete_vhost()


async def eventually(holds: Callable[[], Awaitable[bool]], within_s: float, what: str) -> None:
    """Poll until it holds; fails with `what` at the deadline."""
    deadline = time.monotonic() + within_s
    while not await holds():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        await asyncio.sleep(0.05)


async def take_all(settings: Settings, queue: str) -> list[DeliveredMessage]:
    """Every message that is ready in a queue, acknowledged."""
    link = Link(settings.rabbitmq_url, "test reader")
    channel = await link.open(5)
    found: list[DeliveredMessage] = []
    try:
        while (message := await channel.basic_get(queue, no_ack=True, timeout=5)).delivery_tag is not None:
            found.append(message)
    finally:
        await link.close()
    return found


async def ready(settings: Settings, queue: str) -> int:
    """Messages ready in a queue now (the management API's numbers are up to 5 s old)."""
    link = Link(settings.rabbitmq_url, "test counter")
    try:
        channel = await link.open(5)
        return (await channel.queue_declare(queue, passive=True, timeout=5)).message_count or 0
    finally:
        await link.close()


async def connections(settings: Settings, name: str) -> list[str]:
    """Names, for the management API, of this virtual host's connections that call themselves `name…`."""
    async with _management(settings) as client:
        vhost = settings.rabbitmq_url.rpartition("/")[2]
        found: Sequence[dict[str, Any]] = (await client.get(f"/api/vhosts/{vhost}/connections")).json()
    # a connection is listed before the broker has gathered what it calls itself
    return [c["name"] for c in found if str(c.get("user_provided_name", "")).startswith(name)]


async def close_connection(settings: Settings, connection: str) -> None:
    async with _management(settings) as client:
        (await client.delete(f"/api/connections/{quote(connection, safe='')}")).raise_for_status()


def _management(settings: Settings) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=settings.rabbitmq_management_url, auth=("guest", "guest"), timeout=5)
