"""`capi topics`: the Kafka topics."""

from __future__ import annotations

import asyncio

import typer

from agents.changes import Json, report
from agents.provision import apply_topics, plan_topics
from sinks.kafka_admin import KafkaAdminError
from streams.settings import load_settings
from streams.topics import topics

app = typer.Typer(no_args_is_help=True, help="Plan or apply the Kafka topics. Example: capi topics apply")


@app.command()
def plan(json: Json = False) -> None:
    """Say what `apply` would do; exit 1 when that is anything. Example: capi topics plan --json"""
    _run(applied=False, json=json)


@app.command()
def apply(json: Json = False) -> None:
    """Create and configure what differs; exit 1 when something was refused. Example: capi topics apply"""
    _run(applied=True, json=json)


@app.command("list")
def list_topics() -> None:
    """Print the topics' names. Example: capi topics list"""
    for spec in topics(load_settings()):
        typer.echo(spec.name)


def _run(applied: bool, json: bool) -> None:
    settings = load_settings()
    try:
        changes = asyncio.run((apply_topics if applied else plan_topics)(settings))
    except KafkaAdminError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    rows = [(change.topic, change.action, change.why) for change in changes]
    raise typer.Exit(report(rows, what="topic", applied=applied, json=json))
