"""The small web server beside a role's work: /metrics and health, on a port of its own."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

log = structlog.get_logger(__name__)

PORTS = 10  # several workers on one machine take the next free one
Health = Callable[[], Mapping[str, Any]]


@asynccontextmanager
async def views(
    host: str,
    port: int,
    healths: Mapping[str, Health],
    *,
    ports: int = PORTS,
    refresh: Callable[[], None] = lambda: None,
) -> AsyncIterator[None]:
    """Serve /metrics and each of `healths` while the block runs, on `port` or one of the next; port 0: nothing.

    A health's answer is shown as JSON, with status 200 when its `ok` is true, else 503. `refresh` is called before
    metrics are shown, for gauges of what can be looked up. A port that cannot be had is logged; the role goes on.
    """
    app = web.Application()
    app.add_routes(
        [web.get("/metrics", _metrics(refresh)), *(web.get(path, _answering(healths[path])) for path in healths)]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        if port:
            await _listen(
                runner, host, range(port, min(port + ports, 65_536)), " and ".join(["/metrics", *healths])
            )
        yield
    finally:
        await runner.cleanup()


def _metrics(refresh: Callable[[], None]) -> Callable[[web.Request], Any]:
    async def answer(_: web.Request) -> web.Response:
        refresh()
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return answer


def _answering(health: Health) -> Callable[[web.Request], Any]:
    async def answer(_: web.Request) -> web.Response:
        found = health()
        status = 200 if found["ok"] else 503
        return web.Response(status=status, body=msgspec.json.encode(found), content_type="application/json")

    return answer


async def _listen(runner: web.AppRunner, host: str, ports: range, what: str) -> None:
    for port in ports:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                log.error(f"no {what}", host=host, port=port, why=type(error).__name__)
                return
        else:
            log.info(what, host=host, port=port)
            return
    log.error(f"no {what}: ports are taken", host=host, first=ports.start, ports=len(ports))
