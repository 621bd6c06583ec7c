"""`capi tail`: what comes by, line by line, as it happens."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from agents.asking import LedgerError, asked
from agents.changes import Json
from agents.terminal import printable
from agents.when import when_text
from sinks.topology import PLATFORMS
from streams.ledger.answers import LINE_KINDS, Line, Recent
from streams.ledger.queries import RecentOf
from streams.settings import Settings, load_settings

COLOURS = {"delivered": "green", "retry": "yellow", "parked": "red", "rejected": "red"}
EVERY_S = 1.0
LIMIT = 2_000  # lines at a time
OVERLAP_MS = 10_000  # other workers' lines of the same time may come later; what was printed is not printed again


def command(
    kind: Annotated[
        list[str] | None, typer.Option(help=f"Only these; may be repeated: {', '.join(LINE_KINDS)}.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="Only this tenant's.")] = "",
    platform: Annotated[str, typer.Option(help=f"Only for this platform: {' or '.join(PLATFORMS)}.")] = "",
    event: Annotated[str, typer.Option(help="Only this event name.")] = "",
    text: Annotated[str, typer.Option(help="Only lines with this in an id, a name or a reason.")] = "",
    lines: Annotated[int, typer.Option(min=0, help="So many lines of what was before come first.")] = 10,
    follow: Annotated[bool, typer.Option(help="Wait for more; Ctrl-C ends it, with exit status 0.")] = True,
    json: Json = False,
) -> None:
    """Print what comes by: sessions flushed, jobs queued, delivered, retried, parked, and records refused.

    It is asked of the console at CAPI_CONSOLE_URL. Exit 1 when that does not answer at the start.

    Examples: capi tail; capi tail --kind parked --kind rejected --json; capi tail --text order-1001 --no-follow
    """
    settings, wanted = load_settings(), _wanted(kind or [], tenant, platform, event, text)
    tail = Tail()
    show = _print_json if json else Screen().print
    try:
        recent = asked(settings, msgspec.structs.replace(wanted, limit=max(1, lines)))
        fresh = tail.fresh(recent.lines)
        show(fresh[len(fresh) - min(lines, len(fresh)) :])
    except LedgerError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    with suppress(KeyboardInterrupt):
        while follow:
            time.sleep(EVERY_S)
            show(_more(settings, tail, wanted))


class Tail:
    """Which lines are new: asked again from a little before the newest, and those that were there are left out."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        self._newest_ms = 0
        self.silent = False  # nobody answered the last time

    @property
    def after_ms(self) -> int:
        return max(0, self._newest_ms - OVERLAP_MS)

    def fresh(self, lines: Sequence[Line]) -> list[Line]:
        new = [line for line in lines if line.line_id not in self._seen]
        self._seen |= {line.line_id: line.at_ms for line in new}
        self._newest_ms = max([self._newest_ms, *(line.at_ms for line in new)])
        self._seen = {name: at_ms for name, at_ms in self._seen.items() if at_ms >= self.after_ms}
        return new


def _more(settings: Settings, tail: Tail, wanted: RecentOf) -> list[Line]:
    """What is new; a console that is away for a while is waited for, and said so once."""
    query = msgspec.structs.replace(wanted, after_ms=tail.after_ms, limit=LIMIT)
    try:
        recent: Recent = asked(settings, query)
    except LedgerError as error:
        if not tail.silent:
            typer.echo(f"{error}; trying again", err=True)
        tail.silent = True
        return []
    tail.silent = False
    fresh = tail.fresh(recent.lines)
    if recent.missed and fresh:
        typer.echo("more came by than is kept; filters show what is wanted", err=True)
    return fresh


def _wanted(kinds: list[str], tenant: str, platform: str, event: str, text: str) -> RecentOf:
    """Exit 2 for a kind or a platform that there is not."""
    if unknown := set(kinds) - set(LINE_KINDS):
        raise typer.BadParameter(f"{', '.join(unknown)}: choose from {', '.join(LINE_KINDS)}", param_hint="--kind")
    if platform not in ("", *PLATFORMS):
        raise typer.BadParameter(f"choose from {', '.join(PLATFORMS)}", param_hint="--platform")
    return RecentOf(kinds=tuple(kinds), tenant=tenant, platform=platform, event_name=event, text=text)


def _print_json(lines: Sequence[Line]) -> None:
    for line in lines:
        typer.echo(msgspec.json.encode(line))
    sys.stdout.flush()


class Screen:
    """One line each, in columns, coloured where stdout is a terminal."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)

    def print(self, lines: Sequence[Line]) -> None:
        for line in lines:
            whom = f"{line.platform}:{line.pixel_id}" if line.platform else ""
            parts = [line.event_name, line.event_id, whom, line.what, f"{line.tenant}|{line.session_id}"]
            text = Text(f"{when_text(line.at_ms)}  ")
            text.append(f"{line.kind:<9}", COLOURS.get(line.kind, "default"))
            text.append("".join(f"  {printable(part)}" for part in parts if part.strip("|")))
            self._console.print(text)
