"""What seeing costs the session worker: metrics that are scraped every second, and traces of 1 % of all events.

    make up && .venv/bin/python -m bench.seeing [--rounds 3] [--events 60000] [--json]

As in bench.sessions: real Kafka, events are loaded first, then one worker reads them; each way in turn, medians of
CPU an event. The first way serves nothing; the counters of runs are in all of them.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from bench import frame
from bench.session_events import events as made
from bench.session_ways import OURS
from bench.sessions import measure
from tests.site import free_port

SCRAPE_S = 1.0


@asynccontextmanager
async def collector(port: int) -> AsyncIterator[None]:
    """Takes OTLP and forgets it."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/v1/traces", take)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield
    await runner.cleanup()


async def scrape(port: int) -> None:
    async with aiohttp.ClientSession() as client:
        while True:
            try:
                async with client.get(f"http://127.0.0.1:{port}/metrics") as answer:
                    await answer.read()
            except aiohttp.ClientConnectionError:
                pass  # not there yet
            await asyncio.sleep(SCRAPE_S)


async def one(events: int, settings: dict[str, Any]) -> frame.Figures:
    port = settings.get("metrics_port")
    scraping = asyncio.create_task(scrape(port)) if isinstance(port, int) else None
    try:
        return await measure(OURS, made(events), **settings)
    finally:
        if scraping:
            scraping.cancel()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    metrics, otlp = free_port(), free_port()
    traced = {"metrics_port": metrics, "otel_url": f"http://127.0.0.1:{otlp}", "otel_ratio": 0.01}
    ways: dict[str, dict[str, Any]] = {
        "neither": {},
        "metrics": {"metrics_port": metrics},
        "metrics, traces": traced,
    }
    async with collector(otlp):
        found = await frame.in_turns([*ways], asked.rounds, True, lambda way: one(asked.events, ways[way]))
    frame.show("session worker, an event", frame.with_ratios(found, "CPU us", "neither"), asked.json)


if __name__ == "__main__":
    asyncio.run(main())
