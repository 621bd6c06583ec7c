"""Run in a copy of the packages with one file more, sinks/platforms/toy.py: an event on its way to that platform.

    python -m tests.contract.third_platform FOLDER

From the tenants file over the job and the queue to a server that plays the toy. Prints what it saw as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from sinks import outcomes
from sinks.deliver.service import QUEUES, run_delivery
from sinks.jobs import jobs
from sinks.rabbit import Message, Publisher
from sinks.topology import EXCHANGE_EVENTS, routing_key
from streams.events import encode
from streams.settings import Settings
from streams.tenants import parse_tenants
from tests.contract.jobs import batch_of, job
from tests.rabbit import eventually, rabbit_settings

TENANTS = """
[tenants.default]
[[tenants.default.destinations]]
platform = "toy"
pixel_id = "77"
token = "env:TEST_TOKEN"
"""


async def main(folder: Path) -> dict[str, Any]:
    """Everything that was seen of the one event."""
    taken: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        known = request.headers.get("X-Toy-Token") == "secret-of-the-test"
        taken.append(await request.json() | {"path": request.path, "token": known})
        return web.json_response({"status": "ok"})

    app = web.Application()
    app.add_routes([web.post("/toy/{pixel}", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    (folder / "toy.toml").write_text(TENANTS)
    with rabbit_settings(folder, meta_url=url, deliver_port=0, post_wait_purchase_s=0) as made:
        settings = made.model_copy(update={"tenants": folder / "toy.toml"})
        keys = await _publish(settings)
        await _deliver(settings, taken)
    await runner.cleanup()
    return {"queues": QUEUES, "keys": keys, "taken": taken}


async def _publish(settings: Settings) -> list[str]:
    now_ms = time.time_ns() // 1_000_000
    tenant = parse_tenants(TENANTS).tenants["default"]
    made = [checked.job for checked in jobs(batch_of(job(event_time_ms=now_ms)), tenant, now_ms)]
    messages = [
        Message(routing_key=routing_key(one.platform, one.event_name), message_id=one.job_id, body=encode(one))
        for one in made
    ]
    publisher = Publisher(settings)
    await publisher.publish(EXCHANGE_EVENTS, messages)
    await publisher.close()
    return [message.routing_key for message in messages]


async def _deliver(settings: Settings, taken: list[dict[str, Any]]) -> None:
    async def arrived() -> bool:
        return bool(taken)

    stop = asyncio.Event()
    running = asyncio.create_task(run_delivery(settings, ("toy_queue",), stop))
    await eventually(arrived, 20, "the toy took the event")
    stop.set()
    await running


if __name__ == "__main__":
    outcomes.CLOSE_TIMEOUT_S = 0.2
    print(json.dumps(asyncio.run(main(Path(sys.argv[1])))))
