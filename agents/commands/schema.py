"""`capi schema`: the JSON Schema of the events that the public topic takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.schema import schema_text

FILE = Path("docs/event.schema.json")


def command(
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether FILE is up to date; exit 1 if not.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="Write FILE instead of printing.")] = False,
    file: Annotated[Path, typer.Option("--file", help="Where the published schema is.")] = FILE,
) -> None:
    """Print the JSON Schema of the events that capi.events takes.

    Example: capi schema > event.schema.json
    """
    if check:
        _check(file)
    elif write:
        file.write_text(schema_text(), encoding="utf-8")
        typer.echo(f"{file} written")
    else:
        typer.echo(schema_text(), nl=False)


def _check(file: Path) -> None:
    if file.is_file() and file.read_text(encoding="utf-8") == schema_text():
        typer.echo(f"{file} is up to date")
        return
    typer.echo(f"{file} is not what the code says; run: capi schema --write", err=True)
    raise typer.Exit(1)
