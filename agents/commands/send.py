"""`capi send`: a file of events into the pipeline."""

from __future__ import annotations

import asyncio
import gzip
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress, TextColumn

from agents.changes import Json
from agents.filters import DryRun
from agents.sending import Sent, checked, send
from agents.validation import records
from streams.settings import load_settings

SHOWN = 20

File = Annotated[Path, typer.Argument(help="One raw event a line, as JSON; .gz is unpacked; - reads stdin.")]


def command(
    file: File,
    per_second: Annotated[float, typer.Option(min=0, help="Most events a second; 0 for no limit.")] = 0,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Send raw events to capi.events, keyed by session. The door's own rules check each line first; what they
    refuse is not sent, and told by its line number.

    What is counted as sent is safe in Kafka. Exit 1 when a line was refused, or Kafka took no more. Sent again,
    an event with an event_id of its own is merged with its first copy while its session is remembered.

    Examples: capi send events.jsonl --dry-run; zcat old.gz | capi send - --per-second 500
    """
    settings, found = load_settings(), Sent()
    good = checked(found, _lines(file), settings.tenant_map, time.time_ns() // 1_000_000)
    console = Console(stderr=True)
    with Progress(TextColumn("{task.description}"), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def progress() -> None:
            bar.update(task, description=f"{found.read} read, {found.sent} sent, {found.refused} refused")

        if dry_run:
            for _ in good:
                progress()
        else:
            asyncio.run(send(settings, found, good, per_second, progress))
    _report(found, dry_run, json)
    raise typer.Exit(0 if found.well else 1)


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    with _opened(file) as stream:
        try:
            yield from records(stream)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise typer.BadParameter("is damaged, or no gzip file", param_hint="FILE") from error


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = _open(file)
    except OSError as error:
        raise typer.BadParameter(f"{error.strerror}", param_hint="FILE") from error
    with stream:
        yield stream


def _open(file: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(file)) if file.suffix == ".gz" else file.open("rb")


def _report(found: Sent, dry_run: bool, json: bool) -> None:
    if json:
        typer.echo(msgspec.json.encode(_as_json(found, dry_run)))
        return
    for refusal in found.refusals[:SHOWN]:
        where = f"{refusal.field}: " if refusal.field else ""
        typer.echo(f"line {refusal.line}: {where}{refusal.reason}", err=True)
    if found.refused > SHOWN:
        typer.echo(f"… and {found.refused - SHOWN} more; --json lists up to 1,000", err=True)
    if found.why:
        typer.echo(f"{found.why}: nothing from line {found.stopped_at} on is known to be sent", err=True)
    sent = f"{found.read - found.refused} would be sent" if dry_run else f"{found.sent} sent"
    typer.echo(f"{sent}, {found.refused} refused, of {found.read}")


def _as_json(found: Sent, dry_run: bool) -> dict[str, Any]:
    refusals = [refusal._asdict() for refusal in found.refusals]
    return {"dry_run": dry_run} | msgspec.structs.asdict(found) | {"refusals": refusals}
