"""The stand-in's HTTP side: both platforms, the ledger and the orders on one loopback port.

| request                                    | answer                                            |
|--------------------------------------------|---------------------------------------------------|
| `POST /v26.0/{pixel}/events`               | as Meta                                           |
| `GET /v26.0/`                              | Meta's error for that, with its version header    |
| `GET /v26.0/dataset_quality?dataset_id=`    | Meta's match quality of what it took              |
| `POST /open_api/v1.3/event/track/`         | as TikTok                                         |
| `GET /ledger?platform=&pixel=`             | what was taken, see Ledger.listing                |
| `GET /totals?platform=&pixel=`             | only its totals                                   |
| `POST /behave` with an Order as JSON       | `{"orders": […]}`, all that stand; GET lists them |
| `POST /reset`                              | forgets everything                                |
| `GET /healthz`                             | `ok`                                              |
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from agents.platforms import meta, tiktok
from agents.platforms.behaviour import Order
from agents.platforms.shapes import Checked
from agents.platforms.stand_in import Post, StandIn

HOST = "127.0.0.1"
MAX_BODY_BYTES = 32 * 1024 * 1024
VERSION_HEADER = "facebook-api-version"
HANG_S, SLOW_S = 3600.0, 1.0


class Platforms(StandIn):
    """The stand-in with its web application. `url` is its base address once it runs.

    `meta_version` is what Meta's answers say that they come from; "" is what was asked for.
    """

    url = ""
    meta_version = ""

    def application(self) -> web.Application:
        """Everything in the table above."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.add_routes(
            [
                web.post(r"/{version:v\d+\.\d+}/{pixel}/events", self._meta),
                web.get(r"/{version:v\d+\.\d+}/", self._meta_root),
                web.get(r"/{version:v\d+\.\d+}/dataset_quality", self._dataset_quality),
                web.post("/open_api/v1.3/event/track/", self._tiktok),
                web.get("/ledger", self._ledger),
                web.get("/totals", self._totals),
                web.get("/behave", self._list_orders),
                web.post("/behave", self._give_order),
                web.post("/reset", self._reset),
                web.get("/healthz", self._healthz),
            ]
        )
        return app

    async def _meta(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        pixel_id = request.match_info["pixel"]
        response = await self._track(
            request, Post(meta, pixel_id, request.headers, request.query, body, _json_object(body))
        )
        response.headers.setdefault(VERSION_HEADER, self.meta_version or request.match_info["version"])
        return response

    async def _meta_root(self, request: web.Request) -> web.Response:
        response = _json(*meta.failed("stand-in"))
        response.headers[VERSION_HEADER] = self.meta_version or request.match_info["version"]
        return response

    async def _dataset_quality(self, request: web.Request) -> web.Response:
        pixel_id = request.query.get("dataset_id", "")
        post = Post(meta, pixel_id, request.headers, request.query, b"", None)
        return _json(*self.quality(post, self.orders.next_for(meta.NAME, pixel_id, set())))

    async def _tiktok(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        root = _json_object(body)
        return await self._track(
            request, Post(tiktok, tiktok.pixel_of(root or {}), request.headers, request.query, body, root)
        )

    async def _track(self, request: web.Request, post: Post) -> web.StreamResponse:
        checked = self.check(post)
        order = self.order_for(post, checked)
        if order and order.mode in ("hang", "reset"):
            return await self._silence(request, post, checked, order)
        if order and order.mode == "slow":
            await asyncio.sleep(SLOW_S if order.seconds is None else order.seconds)
        if order and order.mode == "answer":
            self.dictated(post, checked, order)
            return web.Response(status=order.status or 200, headers=order.headers, body=order.body.encode())
        response = _json(*self.answer(post, checked, order))
        if order and order.retry_after_s is not None:
            response.headers["Retry-After"] = str(order.retry_after_s)
        return response

    async def _silence(
        self, request: web.Request, post: Post, checked: Checked, order: Order
    ) -> web.StreamResponse:
        """No answer: the sender cannot know whether the events were taken."""
        self.leave_unanswered(post, checked, order)
        if order.mode == "hang":
            await asyncio.sleep(HANG_S if order.seconds is None else order.seconds)
        if request.transport:
            request.transport.abort()
        return web.Response()

    async def _ledger(self, request: web.Request) -> web.Response:
        return _json(200, self.ledger.listing(request.query.get("platform", ""), request.query.get("pixel", "")))

    async def _totals(self, request: web.Request) -> web.Response:
        return _json(200, self.ledger.totals(request.query.get("platform", ""), request.query.get("pixel", "")))

    async def _list_orders(self, request: web.Request) -> web.Response:
        return _json(200, {"orders": self.orders.standing})

    async def _give_order(self, request: web.Request) -> web.Response:
        try:
            self.orders.give(msgspec.json.decode(await request.read(), type=Order))
        except msgspec.DecodeError as error:
            return _json(400, {"error": str(error)})
        return await self._list_orders(request)

    async def _reset(self, request: web.Request) -> web.Response:
        self.reset()
        return _json(200, {})

    async def _healthz(self, request: web.Request) -> web.Response:
        return web.Response(text="ok")


@asynccontextmanager
async def running_platforms(
    port: int = 0, state: Path | None = None, now_s: Callable[[], float] = time.time
) -> AsyncIterator[Platforms]:
    """The stand-in on 127.0.0.1 in this event loop, on a free port by default.

    `state` keeps the ledger in a file; `now_s` is its clock. Raises OSError when the port is taken.
    """
    platforms = Platforms(state, now_s)
    runner = web.AppRunner(platforms.application(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        platforms.url = f"http://{HOST}:{runner.addresses[0][1]}"
        yield platforms
    finally:
        await runner.cleanup()
        platforms.ledger.close()


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def _json(status: int, answer: object) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(answer), content_type="application/json")
