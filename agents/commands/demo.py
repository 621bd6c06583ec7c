"""`capi demo`: real visitor histories through everything, and a table of what came out."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from agents.demo.histories import HistoriesError, find_histories, load_histories
from agents.demo.journey import StandInError, journey
from agents.demo.plan import make_plan
from agents.demo.processes import RoleEndedError
from agents.demo.progress import Progress
from agents.demo.redis_keys import RedisMissingError
from agents.demo.screen import Screen, result
from agents.demo.verdict import Verdict
from agents.demo.world import make_world
from agents.provision import ProvisionError

FOLDER = Path(".stack/demo")
EXPECTED = (*ProvisionError, RedisMissingError, HistoriesError, RoleEndedError, StandInError)

Events = Annotated[int, typer.Option(min=1, help="How many events to send; beyond 862 the histories repeat.")]
Speed = Annotated[float, typer.Option(min=60, max=900, help="How many times faster than real time.")]
Histories = Annotated[
    Path | None, typer.Option(help="Visitor histories, JSON lines (default: OTTO's, 20 visitors).")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]


def command(events: Events = 2000, speed: Speed = 720, histories: Histories = None, json: Json = False) -> None:
    """Replay real visitor histories through everything and show what came out.

    Kafka, RabbitMQ and Redis have to run (make up). Everything else is the demo's own and goes at its end;
    the logs of the roles stay in .stack/demo. Exit code 1 when anything was lost.

    Example: capi demo --events 5000
    """
    console = Console(stderr=json)
    started_s = time.monotonic()
    try:
        verdict = _run(console, events, speed, histories)
    except EXPECTED as error:
        console.print(Text(str(error), "red"))
        raise typer.Exit(1) from error
    if json:
        typer.echo(msgspec.json.encode(msgspec.to_builtins(verdict) | {"good": verdict.good}))
    else:
        console.print(result(verdict, time.monotonic() - started_s, speed))
    if not verdict.good:
        console.print(f"[red]Not everything arrived as it should. The roles' logs are in {FOLDER}[/]")
        raise typer.Exit(1)


def _run(console: Console, events: int, speed: float, histories: Path | None) -> Verdict:
    planned = make_plan(load_histories(histories or find_histories()), speed, events)
    world = make_world(f"demo-{time.time_ns() // 1_000_000}-{os.getpid()}", FOLDER.resolve(), speed)
    progress = Progress(len(planned))
    with Live(Screen(progress), console=console, refresh_per_second=8, transient=True):
        return asyncio.run(journey(world, planned, progress))
