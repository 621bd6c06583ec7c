"""`capi platforms`: the local stand-in for Meta and TikTok."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from agents.platforms import running_platforms
from streams.settings import load_settings

EXIT_CONFIGURATION = 2


def command(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; CAPI_PLATFORMS_PORT by default, 0 takes a free one."),
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="File that keeps the ledger, so that a kill forgets nothing.")
    ] = None,
) -> None:
    """Run a local stand-in for Meta and TikTok on 127.0.0.1, until SIGTERM or Ctrl-C.

    Point CAPI_META_URL and CAPI_TIKTOK_URL at it. It refuses what they refuse, and lists what it took:

        capi platforms --port 8088 &

        curl -s 127.0.0.1:8088/ledger

        curl -s 127.0.0.1:8088/behave -d '{"mode": "429", "platform": "meta", "times": 3, "retry_after_s": 2}'
    """
    chosen = load_settings().platforms_port if port is None else port
    try:
        asyncio.run(_serve(chosen, state))
    except OSError as error:
        sys.stderr.write(f"capi platforms cannot start: {error.strerror or error}. Choose another --port.\n")
        raise typer.Exit(EXIT_CONFIGURATION) from error


async def _serve(port: int, state: Path | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running_platforms(port, state) as platforms:
        sys.stdout.write(f"stand-in for Meta and TikTok on {platforms.url}\n")
        sys.stdout.flush()
        await stop.wait()
