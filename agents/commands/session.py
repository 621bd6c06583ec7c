"""`capi session`: the open sessions as the session workers have them; letting one go now, or dropping it."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agents.access.users import User
from agents.changes import Json
from agents.session_workers import SessionsError, SessionWorkers
from agents.terminal import printable
from agents.when import when_text
from streams.session_view import SessionList, SessionRow, SessionView, Wanted
from streams.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Open sessions. Example: capi session ls --status open")

Answer = TypeVar("Answer")
Key = Annotated[str, typer.Argument(metavar="SESSION", help="The session id, or tenant|session id.")]
Tenant = Annotated[str, typer.Option(help="The tenant, where the key does not name it.")]
Why = Annotated[str, typer.Option(help="Your reason, for the audit.")]


@app.command()
def ls(
    tenant: Annotated[str, typer.Option(help="Only this tenant's.")] = "",
    prefix: Annotated[str, typer.Option(help="How the session id begins.")] = "",
    status: Annotated[str, typer.Option(help="open or closed; else both.")] = "",
    sort: Annotated[
        str, typer.Option(help="due: what is released next first; last: the latest activity first.")
    ] = "due",
    after: Annotated[str, typer.Option(help="Where the page before ended, as it said.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    json: Json = False,
) -> None:
    """List sessions of all session workers. Exit 1 when none of them answers, or not all do.

    Example: capi session ls --tenant default --status open --sort last
    """
    asked = {"tenant": tenant, "prefix": prefix, "status": status, "sort": sort, "after": after, "limit": limit}
    try:
        wanted = msgspec.convert(asked, Wanted)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(str(error)) from error
    found = _ask(lambda workers, user: workers.list(user, wanted))
    if json:
        typer.echo(msgspec.json.encode(found))
    else:
        _print_list(found)
    raise typer.Exit(int(found.partial))


@app.command()
def show(key: Key, tenant: Tenant = "default", json: Json = False) -> None:
    """One session: its events, what is known and from which event, and when it leaves. Exit 1 when nobody has it.

    Example: capi session show visit-7f3a
    """
    name, session_id = _split(key, tenant)
    found = _ask(lambda workers, user: workers.show(user, name, session_id))
    if found is None:
        typer.echo("No such session is open or remembered.", err=True)
        raise typer.Exit(1)
    if json:
        typer.echo(msgspec.json.encode(found))
    else:
        _print_one(found)


@app.command()
def flush(key: Key, why: Why, tenant: Tenant = "default", json: Json = False) -> None:
    """Let a session's events go now, as if its window had closed. The command goes through Kafka.

    Example: capi session flush visit-7f3a --why "a test order"
    """
    name, session_id = _split(key, tenant)
    _ask(lambda workers, user: workers.flush(user, name, session_id, why))
    _said("flush", name, session_id, json)


@app.command()
def erase(
    key: Key,
    why: Why,
    tenant: Tenant = "default",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Drop what one session holds and knows; its held events are rejects, not delivered. There is no way back.

    The memory of visitors and other sessions keep theirs: to forget a person use `capi erase`.

    Example: capi session erase visit-7f3a --why "test data" --yes
    """
    if not yes:
        typer.confirm("Drop what this session holds and knows? There is no way back", abort=True, err=True)
    name, session_id = _split(key, tenant)
    _ask(lambda workers, user: workers.erase(user, name, session_id, why))
    _said("erase", name, session_id, json)


def _ask(question: Callable[[SessionWorkers, User], Awaitable[Answer]]) -> Answer:
    """Whoever can read the internal secret asks as an admin. Exit 1 with the reason when nobody answers."""

    async def asked() -> Answer:
        async with SessionWorkers(load_settings()) as workers:
            return await question(workers, User(getpass.getuser(), "admin"))

    try:
        return asyncio.run(asked())
    except SessionsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _split(key: str, tenant: str) -> tuple[str, str]:
    name, bar, session_id = key.partition("|")
    return (name, session_id) if bar else (tenant, key)


def _said(what: str, tenant: str, session_id: str, json: bool) -> None:
    if json:
        typer.echo(msgspec.json.encode({"asked": what, "tenant": tenant, "session_id": session_id}))
    else:
        typer.echo(
            f"Asked to {what} {printable(session_id)} of {tenant}; it is done when its partition gets there."
        )


def _print_list(found: SessionList) -> None:
    table = Table("session", "tenant", "status", "held", "last event", "due", "why", "known")
    for row in found.rows:
        table.add_row(*_cells(row))
    console = Console()
    console.print(table)
    if found.other_release:
        console.print(f"[yellow]Not all: {', '.join(found.other_release)} is of another release: upgrade it.[/]")
    elif found.partial:
        console.print("[yellow]Not all: a worker did not answer, or there are too many to look at.[/]")
    if found.after:
        console.print(f"More: --after '{escape(printable(found.after))}'", soft_wrap=True)


def _cells(row: SessionRow) -> tuple[str, ...]:
    times = (when_text(row.last_ms), when_text(row.due_ms))
    known = " ".join(row.known)
    return (
        escape(printable(row.session_id)),
        escape(row.tenant),
        row.status,
        str(row.held),
        *times,
        row.why,
        known,
    )


def _print_one(found: SessionView) -> None:
    console, row = Console(), found.row
    console.print(
        f"{escape(printable(row.session_id))} of {escape(row.tenant)}: {row.status}, partition {row.partition}, "
        f"last offset {found.last_offset}, due {when_text(row.due_ms)} ({row.why})",
        soft_wrap=True,
    )
    known = Table("field", "value", "from", title="known")
    for name, field in found.identity.items():
        known.add_row(name, field.shown, escape(printable(field.source)))
    console.print(known)
    events = Table("offset", "taken", "event", "id", "own", "filled", title="held")
    for event in found.events:
        texts = (event.event_name, event.event_id, " ".join(event.own), " ".join(event.backfilled))
        events.add_row(str(event.offset), when_text(event.at_ms), *(escape(printable(text)) for text in texts))
    console.print(events)
