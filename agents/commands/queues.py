"""`capi queues`: the RabbitMQ exchanges, queues, bindings and policies."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import typer

from agents.changes import Json, report
from agents.provision import apply_queues, plan_queues
from sinks.rabbit_admin import RabbitAdminError
from sinks.topology import definitions
from sinks.topology_plan import QueueChange
from streams.settings import Settings, load_settings

app = typer.Typer(no_args_is_help=True, help="Plan or apply the RabbitMQ topology. Example: capi queues apply")

SINGULAR = {"exchanges": "exchange", "queues": "queue", "bindings": "binding", "policies": "policy"}


@app.command()
def plan(json: Json = False) -> None:
    """Say what `apply` would do; exit 1 when that is anything. Example: capi queues plan --json"""
    _run(plan_queues, applied=False, json=json)


@app.command()
def apply(json: Json = False) -> None:
    """Create and change what differs; exit 1 when something was refused. Example: capi queues apply"""
    _run(apply_queues, applied=True, json=json)


@app.command("definitions")
def print_definitions() -> None:
    """Print the definitions of these settings. Example: capi queues definitions > definitions.json"""
    typer.echo(msgspec.json.format(msgspec.json.encode(definitions(load_settings()))))


def _run(act: Callable[[Settings], list[QueueChange]], applied: bool, json: bool) -> None:
    try:
        changes = act(load_settings())
    except RabbitAdminError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    rows = [(f"{SINGULAR[change.kind]} {change.name}", change.action, change.why) for change in changes]
    raise typer.Exit(report(rows, what="entry", applied=applied, json=json))
