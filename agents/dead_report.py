"""What `capi dead` prints: a progress line while it works, groups, single jobs, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from agents.when import when_text
from sinks.parked.sweep import Sweep
from sinks.parked.view import Group

PIXELS_SHOWN = 4


class Watch:
    """A progress bar on stderr, where that is a terminal."""

    def __init__(self, sweep: Sweep) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("parked jobs", total=None)
        sweep.progress = self._update

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def _update(self, sweep: Sweep) -> None:
        done = f"{sweep.done} done, " if sweep.done else ""
        self._bar.update(
            self._task, description=f"{done}{sweep.groups.count} match", completed=sweep.seen, total=sweep.there
        )


def print_groups(sweep: Sweep, json: bool) -> None:
    if json:
        typer.echo(msgspec.json.encode(_counts(sweep)))
        return
    _print_table(sweep.groups.largest_first())
    typer.echo(f"{sweep.groups.count} of {sweep.seen} parked jobs")
    _print_hidden(sweep)


def print_shown(found: Sequence[dict[str, Any]], json: bool) -> None:
    """One JSON object a job: on one line for programs, indented for people."""
    for one in found:
        encoded = msgspec.json.encode(one)
        typer.echo(encoded if json else msgspec.json.format(encoded))


def report_acted(sweep: Sweep, what: str, dry_run: bool, json: bool) -> None:
    """`what` is the past tense of what was done."""
    if json:
        done = {"dry_run": dry_run, what: sweep.done, "spared": sweep.spared}
        typer.echo(msgspec.json.encode(done | _counts(sweep)))
        return
    _print_table(sweep.groups.largest_first())
    number = sweep.groups.count if dry_run else sweep.done
    typer.echo(f"{number} {'would be ' if dry_run else ''}{what}, of {sweep.there} parked jobs")
    if sweep.spared:
        typer.echo(f"{sweep.spared} stay: no job can be read from them, or they were parked anew by this replay")
    _print_hidden(sweep)


def _counts(sweep: Sweep) -> dict[str, Any]:
    return {
        "parked": sweep.there,
        "seen": sweep.seen,
        "other_readers": sweep.readers,
        "matched": sweep.groups.count,
        "groups": sweep.groups.largest_first(),
    }


def _print_hidden(sweep: Sweep) -> None:
    if sweep.readers:
        typer.echo("Somebody else reads the parked jobs at the same time: what they hold does not show here.")


def _print_table(groups: Sequence[Group]) -> None:
    if not groups:
        return
    table = Table("reason", "jobs", "oldest (UTC)", "newest (UTC)", "pixels")
    for group in groups:
        reason = f"{group.status}: {group.why}" if group.why else group.status
        times = when_text(group.oldest_ms), when_text(group.newest_ms)
        table.add_row(escape(reason), str(group.count), *times, escape(_pixels(group)))
    Console().print(table)


def _pixels(group: Group) -> str:
    most = group.pixels.most_common()
    named = ", ".join(f"{pixel} {number}" for pixel, number in most[:PIXELS_SHOWN])
    return f"{named}, {len(most) - PIXELS_SHOWN} more" if len(most) > PIXELS_SHOWN else named
