"""`capi validate`: a file of events as the platforms would see them, before anything is sent."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from agents.changes import Json
from agents.validation import Assessed, Row, Summary, Validator, records
from sinks.platforms import PLATFORM_RULES
from streams.quality import Problem
from streams.settings import load_settings

Cells = tuple[str, str, str, str, Text]  # of one line of the table
PAGE = 100  # rows of one table: what is in memory at once

File = Annotated[
    Path,
    typer.Argument(help="One raw event a line; - reads stdin."),
]


def command(
    file: File,
    tenant: Annotated[str, typer.Option(help="Whose the events are that name no tenant.")] = "",
    platform: Annotated[str, typer.Option(help="Only destinations of this platform: meta or tiktok.")] = "",
    json: Json = False,
) -> None:
    """Say what the door drops of each event, what each platform would refuse, and how well it would match.

    Nothing is sent. Exit 1 when an event would be refused, 2 when a name is not known.

    Example: capi validate events.jsonl --platform meta
    """
    tenants = load_settings().tenant_map
    _known("--tenant", tenant, tenants.tenants)
    _known("--platform", platform, PLATFORM_RULES)
    validator = Validator(tenants, tenant, platform, time.time_ns() // 1_000_000)
    summary = Summary()
    with _opened(file) as stream:
        rows = _added(summary, (validator.row(*record) for record in records(stream)))
        if json:
            for row in rows:
                typer.echo(msgspec.json.encode(row))
        else:
            _print(rows, summary)
    raise typer.Exit(0 if summary.good else 1)


def _known(option: str, name: str, names: Iterable[str]) -> None:
    if name and name not in names:
        raise typer.BadParameter(f"not known; one of: {', '.join(sorted(names))}", param_hint=option)


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = file.open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{error.strerror}", param_hint="FILE") from error
    with stream:
        yield stream


def _added(summary: Summary, rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        summary.add(row)
        yield row


def _print(rows: Iterator[Row], summary: Summary) -> None:
    console = Console()
    while page := list(islice(rows, PAGE)):
        event, wrong = Column("event", max_width=19, overflow="fold"), Column("what is wrong", overflow="fold")
        table = Table("line", event, Column("where", max_width=11, overflow="fold"), "score", wrong)
        for row in page:
            for cells in _cells(row):
                table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))
        console.print(table)
    console.print(_totals(summary))


def _cells(row: Row) -> Iterator[Cells]:
    """One line of the table for the door, where it found something, and one a destination."""
    own = (str(row.line), f"{row.event_name}\n{row.event_id}".strip())
    for where, score, wrong in (*_door(row), *(_destination(found) for found in row.destinations)):
        yield *own, where, score, wrong
        own = ("", "")


def _door(row: Row) -> Iterator[tuple[str, str, Text]]:
    if row.rejected:
        yield "the door", "", _problem(row.rejected)
    elif row.dropped or not row.destinations:
        lines = [Text.assemble(("dropped", "yellow"), f" {found.field}: {found.reason}") for found in row.dropped]
        lines += [] if row.destinations else [Text("not delivered itself", "dim")]
        yield "the door", "", Text("\n").join(lines)


def _destination(found: Assessed) -> tuple[str, str, Text]:
    lines = [_problem(problem) for problem in found.problems] or [Text("nothing", "green")]
    if found.best_missing_key:
        lines.append(Text(f"+{found.gain:g} with {found.best_missing_key}", "dim"))
    return f"{found.platform}\n{found.pixel_id}", f"{found.score:.1f}", Text("\n").join(lines)


def _problem(problem: Problem) -> Text:
    style = "bold red" if problem.severity == "refused" else "yellow"
    field = f"{problem.field}: " if problem.field else ""
    return Text.assemble((problem.severity, style), f" {field}{problem.reason}\n  → {problem.fix}")


def _totals(summary: Summary) -> Table:
    table = Table("", "events", "refused", "with warnings", "mean score", "would help most", title="summary")
    table.add_row("the door", str(summary.events), str(summary.rejected), "", "", "")
    for platform in sorted(summary.seen):
        table.add_row(
            platform,
            str(summary.seen[platform]),
            str(summary.refused[platform]),
            str(summary.warned[platform]),
            f"{summary.mean_score(platform):.1f}",
            summary.best_advice(platform),
        )
    return table
