"""`capi trace`: where is this event? The same story as the console's page."""

from __future__ import annotations

import asyncio
import getpass
import shlex
import time
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agents.access.users import User
from agents.asking import LedgerError, asked
from agents.changes import Json
from agents.session_workers import SessionsError, SessionWorkers
from agents.terminal import printable
from agents.when import when_text
from sinks.advice import advice
from streams.ledger.answers import Cluster, Traces
from streams.ledger.queries import ClusterOf, TraceOf
from streams.ledger.story import Missing, Step, Story, Tone, stories, unknown, unsearched
from streams.session_find import Found
from streams.settings import Settings, load_settings

COLOURS: dict[Tone, str] = {"ok": "green", "warn": "yellow", "bad": "red", "quiet": "default"}


def command(
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help="The event's id, as the shop sent it.")],
    tenant: Annotated[str, typer.Option(help="Only this tenant's events.")] = "",
    json: Json = False,
) -> None:
    """Tell the way of one event: received, held in which session and until when, enriched, queued, each attempt,
    delivered or given up, and what to do.

    It is asked of the console at CAPI_CONSOLE_URL and of the session workers at CAPI_SESSIONS_URL; while either
    is away, what the other knows is told. Exit 1 when nobody knows the event, or the console does not answer.

    Examples: capi trace order-1001; capi trace order-1001 --json
    """
    settings, tenants = load_settings(), (tenant,) if tenant else None
    found, behind, away = _left(settings, event_id, tenants)
    held = asyncio.run(_find(settings, event_id, tenant))
    told = stories(found, time.time_ns() // 1_000_000, advice, held.places if held else (), whole=not away)
    unseen = unsearched(held)
    missing = () if told or away else unknown(settings.ledger_s, behind, unseen)
    if json:
        answer = {"event_id": event_id, "stories": told, "missing": missing, "unsearched": unseen, "away": away}
        typer.echo(msgspec.json.encode(answer))
    else:
        _print(event_id, told, missing)
    for why in filter(None, (away, unseen)):
        typer.echo(why, err=True)
    raise typer.Exit(int(bool(away) or not told))


def _left(
    settings: Settings, event_id: str, tenants: tuple[str, ...] | None
) -> tuple[Traces, tuple[str, ...], str]:
    """What the ledger knows, its workers that did not answer, and why nobody does, "" when somebody does."""
    try:
        found: Traces = asked(settings, TraceOf(event_id=event_id, tenants=tenants))
        cluster: Cluster = asked(settings, ClusterOf())
    except LedgerError as error:
        return Traces(), (), f"What left its session cannot be told: {error}"
    return found, cluster.missing, ""


async def _find(settings: Settings, event_id: str, tenant: str) -> Found | None:
    """The sessions that have it, None when no session worker answers. Who can read the secret sees all."""
    async with SessionWorkers(settings) as workers:
        try:
            return await workers.find(User(getpass.getuser(), "admin"), event_id, tenant)
        except SessionsError:
            return None


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
    """Text, until when it is held, where to look, codes, and what to do, a line each."""
    codes = "  ".join(f"{name} {value}" for name, value in step.facts.items())
    until = f"leaves at {when_text(step.due_ms)}" if step.due_ms else ""
    if step.latest_ms > step.due_ms:
        until += f", at the latest at {when_text(step.latest_ms)}"
    session = f"capi session show {shlex.quote(step.session)}" if step.session else ""
    lines = [step.text, until, session, codes, f"-> {step.todo}" if step.todo else ""]
    return "\n".join(printable(line) for line in lines if line)
