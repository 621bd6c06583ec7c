"""`capi intake`: the Redis queue into the pipeline."""

from __future__ import annotations

import asyncio
import signal

from agents.intake.service import run_intake
from streams.log import setup
from streams.settings import Settings, load_settings


def command() -> None:
    """Take events from the Redis list CAPI_INTAKE_QUEUE until SIGTERM or SIGINT.

    Apps push an event's JSON with LPUSH. Each event is checked and hashed like one of capi.events, and leaves
    Redis once Kafka has it; what cannot be used goes to capi.rejects with the reason. As many of these as wanted
    may run at once; what one that dies has in hand, another takes over.

    Example: capi intake
    """
    settings = load_settings()
    settings.tenant_map  # noqa: B018 (a mistake in the tenants file is a configuration error, before anything starts)
    setup(settings, "intake")
    asyncio.run(intake(settings))


async def intake(settings: Settings) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_intake(settings, stop)
