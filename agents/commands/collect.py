"""`capi collect`: the HTTP door."""

from __future__ import annotations

import asyncio
import signal

import typer
import uvloop

from agents.collect.parts import all_parts
from agents.collect.service import run_collect
from streams.log import setup
from streams.settings import Settings, load_settings


def command() -> None:
    """Take events over HTTP from browsers and servers until SIGTERM or SIGINT.

    Several processes may run: they share the port.

    Example: capi collect
    """
    settings = load_settings()
    settings.tenant_map  # noqa: B018 (a mistake in the tenants file is a configuration error, before anything starts)
    setup(settings, "collect")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_collect(settings))
    except OSError as error:
        typer.echo(f"{settings.collect_host}:{settings.collect_port}: {error.strerror}", err=True)
        raise typer.Exit(1) from error


async def _collect(settings: Settings) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_collect(settings, all_parts(settings), stop)
