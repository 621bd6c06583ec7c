"""`capi collect`: the HTTP door."""

from __future__ import annotations

import asyncio
import signal

import typer
import uvloop

from agents.collect.parts import all_parts
from agents.collect.service import run_collect
from agents.collect.tls import ServerTls, server_tls
from sinks.deliver.heap import calm
from streams.log import setup
from streams.settings import Settings, load_settings


def command() -> None:
    """Take events over HTTP from browsers and servers, and batches of client sites, until SIGTERM or SIGINT.

    Several processes may run: they share the port. SIGHUP reads the TLS files anew.

    Example: capi collect
    """
    settings = load_settings()
    settings.tenant_map  # noqa: B018 (a mistake in the tenants file is a configuration error, before anything starts)
    setup(settings, "collect")
    try:
        tls = server_tls(settings)
    except OSError as error:
        typer.echo(f"CAPI_TLS_CERT, CAPI_TLS_KEY or CAPI_TLS_CLIENT_CA: {error}", err=True)
        raise typer.Exit(2) from error
    calm()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_collect(settings, tls))
    except OSError as error:
        typer.echo(f"{settings.collect_host}:{settings.collect_port}: {error.strerror}", err=True)
        raise typer.Exit(1) from error


async def _collect(settings: Settings, tls: ServerTls | None) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if tls is not None:
        loop.add_signal_handler(signal.SIGHUP, tls.reload)
    await run_collect(settings, all_parts(settings), stop, tls.context if tls else None)
