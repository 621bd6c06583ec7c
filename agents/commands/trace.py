"""`capi trace`: where is this event? The same story as the console's page."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agents.asking import LedgerError, asked
from agents.changes import Json
from agents.terminal import printable
from agents.when import when_text
from sinks.advice import advice
from streams.ledger.answers import Cluster, Traces
from streams.ledger.queries import ClusterOf, TraceOf
from streams.ledger.story import Missing, Step, Story, Tone, stories, unknown
from streams.settings import load_settings

COLOURS: dict[Tone, str] = {"ok": "green", "warn": "yellow", "bad": "red", "quiet": "default"}


def command(
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help="The event's id, as the shop sent it.")],
    tenant: Annotated[str, typer.Option(help="Only this tenant's events.")] = "",
    json: Json = False,
) -> None:
    """Tell the way of one event: received, enriched, queued, each attempt, delivered or given up, and what to do.

    It is asked of the console at CAPI_CONSOLE_URL. Exit 1 when nobody knows the event, or that does not
    answer.

    Examples: capi trace order-1001; capi trace order-1001 --json
    """
    settings, tenants = load_settings(), (tenant,) if tenant else None
    try:
        found: Traces = asked(settings, TraceOf(event_id=event_id, tenants=tenants))
        cluster: Cluster = asked(settings, ClusterOf())
    except LedgerError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    told = stories(found, time.time_ns() // 1_000_000, advice)
    missing = () if told else unknown(settings.ledger_s, cluster.missing)
    if json:
        typer.echo(msgspec.json.encode({"event_id": event_id, "stories": told, "missing": missing}))
    else:
        _print(event_id, told, missing)
    raise typer.Exit(int(not told))


def _print(event_id: str, told: tuple[Story, ...], missing: tuple[Missing, ...]) -> None:
    console = Console(highlight=False)
    for story in told:
        _print_story(console, story)
    if missing:
        console.print(f"Nobody knows {escape(printable(event_id))}. Possible reasons:")
        for one in missing:
            console.print(f"  [bold]{escape(one.reason)}[/]: {escape(one.check)}")


def _print_story(console: Console, story: Story) -> None:
    console.print(f"[bold {COLOURS[story.tone]}]{escape(printable(story.verdict))}[/]")
    if story.event:
        of = f"{story.event.event_name} of tenant {story.event.tenant}, session {story.event.session_id}"
        console.print(escape(printable(of)), style="dim")
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for step in story.steps:
        table.add_row(
            when_text(step.at_ms), f"[{COLOURS[step.tone]}]{escape(printable(step.what))}[/]", escape(_told(step))
        )
    console.print(table)


def _told(step: Step) -> str:
    """Text, codes, and what to do, a line each."""
    codes = "  ".join(f"{name} {value}" for name, value in step.facts.items())
    lines = [step.text, codes, f"-> {step.todo}" if step.todo else ""]
    return "\n".join(printable(line) for line in lines if line)
