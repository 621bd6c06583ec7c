"""A collector process: listens until it is told to stop, then finishes what it took."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any, cast

import structlog
from aiohttp import web

from agents.collect.counters import CONNECTIONS, TURNED_AWAY
from agents.collect.drain import Drain
from agents.collect.listening import Gate, bounds_of, listen
from agents.collect.part import Part
from agents.collect.server import make_app
from sinks.views import views
from streams.settings import Settings

log = structlog.get_logger(__name__)


async def run_collect(
    settings: Settings, parts: Sequence[Part], stop: asyncio.Event, tls: ssl.SSLContext | None = None
) -> None:
    """Serve until `stop`. Then nothing new comes in, and what was taken is written and answered.

    Raises OSError when the address cannot be had.
    """
    options: dict[str, Any] = {
        "access_log": None,
        "auto_decompress": False,  # signatures are over what was sent, and corrupt gzip is the sender's mistake
        "keepalive_timeout": settings.collect_idle_s,
        "lingering_time": 1.0,
    }
    drain = Drain()
    runner = web.AppRunner(make_app(settings, parts, drain), shutdown_timeout=settings.collect_stop_s, **options)
    healths = {"/healthz": lambda: {"ok": True}, "/readyz": lambda: readiness(parts, stop)}
    async with views(settings.collect_host, settings.collect_health_port, healths):
        await runner.setup()
        try:
            bounds = bounds_of(
                settings,
                settings.collect_trusted_proxies,
                lambda why: TURNED_AWAY.labels(why).inc(),
                CONNECTIONS.set,
            )
            gate = Gate(bounds, cast(web.Server, runner.server), options)
            listener = await listen(gate, settings.collect_host, settings.collect_port, tls, shared=True)
            log.info("listening", host=settings.collect_host, port=settings.collect_port, tls=tls is not None)
            await stop.wait()
            log.info("stopping")
            listener.close()
            await drain.stop(settings.collect_stop_s)
        finally:
            await runner.cleanup()


def readiness(parts: Sequence[Part], stop: asyncio.Event) -> dict[str, Any]:
    """What /readyz says: `why` names what is in the way."""
    why = [reason for part in parts if (reason := part.why_not())]
    if stop.is_set():
        why.append("stopping")
    return {"ok": not why, "why": why}
