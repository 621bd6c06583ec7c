"""The process that plays Meta: takes every event, answers after a fixed time, and counts.

python -m bench.delivery.stand_in PORT SECONDS
"""

from __future__ import annotations

import asyncio
import sys
import time

from aiohttp import web


def app(answer_s: float) -> web.Application:
    """`/totals` says how many POSTs and events came, and when the first began and the last was answered."""
    found: dict[str, float] = {}

    async def events(request: web.Request) -> web.Response:
        count = (await request.read()).count(b'"event_time":')
        await asyncio.sleep(answer_s)
        now_s = time.perf_counter()
        found["posts"] += 1
        found["events"] += count
        found["first_s"], found["last_s"] = found["first_s"] or now_s - answer_s, now_s
        return web.json_response({"events_received": count, "messages": [], "fbtrace_id": "bench"})

    async def totals(_: web.Request) -> web.Response:
        return web.json_response(found)

    async def reset(_: web.Request) -> web.Response:
        found.update({"posts": 0, "events": 0, "first_s": 0, "last_s": 0})
        return web.json_response({})

    made = web.Application(client_max_size=64 << 20)
    made.add_routes(
        [web.post("/{version}/{pixel}/events", events), web.get("/totals", totals), web.post("/reset", reset)]
    )
    return made


if __name__ == "__main__":
    web.run_app(app(float(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
