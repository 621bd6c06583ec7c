"""The native Redis: append-only file, no eviction, loopback."""

from __future__ import annotations

import shutil

from deploy.stack.addresses import Addresses
from deploy.stack.program import Program
from deploy.stack.settings import StackSettings


def _lines(addresses: Addresses, settings: StackSettings) -> list[str]:
    lines = [
        f"bind {addresses.redis.host}",
        f"port {addresses.redis.port}",
        f'dir "{settings.dir / "redis"}"',
        "daemonize no",
        "appendonly yes",
        # Evicting keys would silently drop the queue of events and what was delivered.
        "maxmemory-policy noeviction",
        f"maxmemory {settings.redis_memory_mb}mb",
    ]
    if addresses.redis.password:
        lines.append(f'requirepass "{addresses.redis.password}"')
    return lines


def prepare_redis(addresses: Addresses, settings: StackSettings) -> Program:
    """Write redis.conf under the stack's folder."""
    folder = settings.dir / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    conf = folder / "redis.conf"
    conf.touch(mode=0o600)
    conf.write_text("\n".join(_lines(addresses, settings)) + "\n")
    return Program("redis", [shutil.which("redis-server") or "redis-server", str(conf)])
