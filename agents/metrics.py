"""/metrics, /healthz and /readyz of a Faust worker, from its start on, also while it restores."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from sinks.views import views
from streams.runs import RunApp
from streams.runs.measures import LOOP_DELAY, is_ready, refresh, still_s

PORTS = 20
LOOK_S = 0.5


def serve_metrics(app: RunApp, look: Callable[[], None] = lambda: None) -> None:
    """On CAPI_METRICS_PORT or the next free one. `look` sets the role's own gauges just before they are read."""
    settings = app.settings

    def refreshed() -> None:
        refresh(app)
        look()

    async def serving() -> None:
        healths = {"/healthz": lambda: health(app), "/readyz": lambda: readiness(app)}
        async with views(settings.metrics_host, settings.metrics_port, healths, ports=PORTS, refresh=refreshed):
            await _watch_loop()

    async def begin() -> None:
        app.add_future(serving())

    if settings.metrics_port:
        app.before_start.append(begin)


def health(app: RunApp) -> Mapping[str, Any]:
    """`ok`: a rebalance moves. A partition that stands still ends the process by itself, as late."""
    for_s = still_s(app)
    return {"ok": for_s < app.settings.stall_s, "ready": is_ready(app), "still_s": round(for_s, 1)}


def readiness(app: RunApp) -> Mapping[str, Any]:
    """`ok`: tables are restored and records flow."""
    return {"ok": is_ready(app), "rebalancing": app.rebalancing, "restored": app.pulse.restored}


async def _watch_loop() -> None:
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + LOOK_S
        await asyncio.sleep(LOOK_S)
        LOOP_DELAY.observe(max(0.0, loop.time() - due_s))
