"""A collector process: listens until it is told to stop, then finishes what it took."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from aiohttp import web

from agents.collect.part import Part
from agents.collect.server import make_app
from streams.settings import Settings

log = structlog.get_logger(__name__)


async def run_collect(settings: Settings, parts: Sequence[Part], stop: asyncio.Event) -> None:
    """Serve until `stop`. Then nothing new comes in, and what was taken is written and answered."""
    runner = web.AppRunner(
        make_app(settings, parts),
        access_log=None,
        auto_decompress=False,  # signatures are over what was sent, and corrupt gzip is the sender's mistake
        keepalive_timeout=settings.collect_idle_s,
        shutdown_timeout=settings.collect_stop_s,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.collect_host, settings.collect_port, reuse_port=True).start()
        log.info("listening", host=settings.collect_host, port=settings.collect_port)
        await stop.wait()
        log.info("stopping")
    finally:
        await runner.cleanup()
