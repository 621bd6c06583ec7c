"""Shows what a provisioner did or would do, for people and for programs, and the exit code that follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of a table.")]
Row = tuple[str, str, str]  # name, action, why

COLOURS = {"create": "green", "configure": "yellow", "change": "yellow", "refused": "red", "extra": "dim"}


def report(rows: Sequence[Row], what: str, applied: bool, json: bool) -> int:
    """Print the changes. Exit code: a plan is 1 when anything would change, an apply when anything was refused."""
    if json:
        found = [{what: name, "action": action, "why": why} for name, action, why in rows]
        typer.echo(msgspec.json.encode({"applied": applied, "changes": found}))
    else:
        _print_table(rows, what, applied)
    actions = {action for _, action, _ in rows} - {"extra"}
    return int("refused" in actions if applied else bool(actions))


def _print_table(rows: Sequence[Row], what: str, applied: bool) -> None:
    console = Console()
    if not rows:
        console.print(f"[green]Every {what} is as it should be.[/]")
        return
    table = Table("done" if applied else "would do")
    table.add_column(what, overflow="fold")
    table.add_column("why", overflow="fold")
    for name, action, why in rows:
        table.add_row(f"[{COLOURS[action]}]{action}[/]", escape(name), escape(why))
    console.print(table)
