"""A collector that only remembers: serves the snippet and the demo shop, takes events, answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiohttp import web

from agents.snippet.routes import routes
from streams.settings import load_settings

KEY = "pk_demo_browser"
WITHIN_S = 15.0
# For pages: `answersRead` counts the JSON answers that the page's scripts have read, and done with.
COUNT_ANSWERS = """
  self.answersRead = 0;
  const json = Response.prototype.json;
  Response.prototype.json = async function () {
    const read = await json.call(this);
    setTimeout(() => answersRead++);
    return read;
  };
"""


class Collector:
    """`events` in the order in which they came. `status` is the next answers'; 0 ends the connection instead."""

    url = ""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.issued: list[str] = []
        self.refused = 0
        self.status = 200
        self._changed = asyncio.Condition()

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes(routes(load_settings(demo_shop_key=KEY)))
        app.add_routes(
            [
                web.post("/v1/events", self._take),
                web.get("/v1/id", self._issue),
                web.get(r"/plain{rest:.*}", self._plain),
            ]
        )
        return app

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.text())
        assert body["key"] == KEY
        status = self.status
        async with self._changed:
            if status < 300 and status:
                self.events += body["events"]
            else:
                self.refused += 1
            self._changed.notify_all()
        if not status and request.transport:
            request.transport.abort()
        return web.json_response({}, status=status or 500)

    async def _issue(self, _: web.Request) -> web.Response:
        self.issued.append(f"issued-{uuid4()}")
        return web.json_response({"event_id": self.issued[-1]})

    async def _plain(self, request: web.Request) -> web.Response:
        """A page with nothing but the script, its attributes from the query `with`."""
        given = request.query.get("with", "")
        script = f'<script src="/capi.js" data-key="{KEY}" {given}></script>' if given != "none" else ""
        return web.Response(text=f"<!doctype html><title>plain</title>{script}", content_type="text/html")

    def forget(self) -> None:
        self.events.clear()
        self.issued.clear()
        self.refused, self.status = 0, 200

    async def until(self, *names: str) -> list[dict[str, Any]]:
        """All events, once they include those names, as often as they are named."""

        def came() -> bool:
            left = [event["event_name"] for event in self.events]
            return all(left.count(name) >= names.count(name) for name in names)

        await self._until(came, f"waited for {names}")
        return self.events

    async def until_refused(self, times: int) -> None:
        await self._until(lambda: self.refused >= times, f"waited for {times} refusals, saw {self.refused}")

    async def _until(self, check: Any, what: str) -> None:
        try:
            async with asyncio.timeout(WITHIN_S), self._changed:
                await self._changed.wait_for(check)
        except TimeoutError:
            raise AssertionError(f"{what}; came: {[event['event_name'] for event in self.events]}") from None


@asynccontextmanager
async def running_collector() -> AsyncIterator[Collector]:
    collector = Collector()
    runner = web.AppRunner(collector.application(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        collector.url = f"http://localhost:{runner.addresses[0][1]}"
        yield collector
    finally:
        await runner.cleanup()
