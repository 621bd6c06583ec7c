"""`capi deliver`: queued jobs to Meta and TikTok."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from typing import Annotated

import structlog
import typer

from sinks.deliver.heap import calm
from sinks.deliver.service import QUEUES, run_delivery
from sinks.platforms import check_known
from sinks.rabbit.consumer import ConsumerLostError
from streams.log import setup
from streams.settings import Settings, load_settings

log = structlog.get_logger(__name__)


def command(
    queue: Annotated[
        list[str] | None, typer.Option(help="Queue to deliver from; may be repeated. Default: all.")
    ] = None,
) -> None:
    """Deliver queued jobs to Meta and TikTok until SIGTERM or SIGINT.

    Example: capi deliver --queue meta_queue
    """
    queues = queue or list(QUEUES)
    if unknown := sorted(set(queues) - set(QUEUES)):
        raise typer.BadParameter(f"{', '.join(unknown)}: choose from {', '.join(QUEUES)}", param_hint="--queue")
    settings = load_settings()
    check_known(settings.tenant_map)  # a mistake in it ends this before anything starts
    setup(settings, "deliver")
    calm()
    raise typer.Exit(asyncio.run(deliver(settings, queues)))


async def deliver(settings: Settings, queues: Sequence[str]) -> int:
    """The exit code: 0 after a signal, 1 when a queue could not be consumed any more."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await run_delivery(settings, queues, stop)
    except* ConsumerLostError as group:
        for error in group.exceptions:
            log.error("delivery ended", why=str(error))
    else:
        return 0
    return 1
