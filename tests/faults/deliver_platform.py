"""The stand-in of the platforms, watched: what is under way, what it left in doubt, a call at the n-th POST."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from agents.platforms import Platforms
from agents.platforms.behaviour import Order
from agents.platforms.shapes import Answer, Checked
from agents.platforms.stand_in import Post


class WatchedPlatforms(Platforms):
    """`fails` is the share of POSTs that get a 500 unless an order says otherwise. All counts are by event id."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(None, time.time)
        self.fails = 0.0
        self.under_way: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()  # POSTs that were not answered with success
        self.doubtful: Counter[str] = Counter()  # taken, but the worker was never told
        self._rng = rng
        self._left = 0
        self._then: Callable[[], object] = int
        self._silent: list[Post] = []

    def call_at(self, nth: int, then: Callable[[], object]) -> None:
        """Call `then` when the events of the n-th POST from now were taken and before it is answered."""
        self._left, self._then = nth, then

    async def _track(self, request: web.Request, post: Post) -> web.StreamResponse:
        response = await super()._track(request, post)
        if post in self._silent:
            self._silent.remove(post)
        elif request.transport is None or request.transport.is_closing():  # nobody waited for the answer
            ids = _ids(post.platform.check(post.root or {}, post.pixel_id, time.time()))
            self.failed.update(ids)
            self.doubtful.update(ids)
        return response

    def order_for(self, post: Post, checked: Checked) -> Order | None:
        self.under_way.update(_ids(checked))
        order = super().order_for(post, checked)
        return Order(mode="500") if order is None and self._rng.random() < self.fails else order

    def answer(self, post: Post, checked: Checked, order: Order | None) -> Answer:
        answer = super().answer(post, checked, order)
        self.under_way.subtract(_ids(checked))
        if order and order.mode == "500":
            self.failed.update(_ids(checked))
        else:
            self._count_down()
        return answer

    def leave_unanswered(self, post: Post, checked: Checked, order: Order) -> None:
        super().leave_unanswered(post, checked, order)
        self._silent.append(post)
        self.under_way.subtract(_ids(checked))
        self.failed.update(_ids(checked))
        if order.accepted:
            self.doubtful.update(_ids(checked))

    def taken(self) -> dict[str, int]:
        """Event id -> how often it was taken."""
        return {event["event_id"]: event["count"] for event in self.ledger.listing()["events"]}

    def _count_down(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._then()


def _ids(checked: Checked) -> list[str]:
    return [event.event_id for event in checked.events]


@asynccontextmanager
async def watched_platforms(rng: random.Random) -> AsyncIterator[WatchedPlatforms]:
    """On a free port of 127.0.0.1, in this event loop."""
    platforms = WatchedPlatforms(rng)
    runner = web.AppRunner(platforms.application(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        platforms.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield platforms
    finally:
        await runner.cleanup()
