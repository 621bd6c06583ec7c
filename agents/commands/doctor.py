"""`capi doctor`: is everything there, and if not, what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from agents.changes import Json
from agents.doctor.check import Check, failed
from agents.doctor.gateway import check_certificates, check_sites
from agents.doctor.local import local_checks
from agents.doctor.services import service_checks
from streams.settings import load_settings

MARKS = {"ok": "[green]ok      [/]", "warning": "[yellow]look    [/]", "failed": "[red]FAILED  [/]"}


def command(
    quick: Annotated[
        bool, typer.Option(help="Only what answers and what is configured, not topics and queues.")
    ] = False,
    json: Json = False,
) -> None:
    """Check every dependency, topic, queue, version and setting; say what to do about each failure.

    Exit 0 when nothing failed (warnings allowed), 1 otherwise. Takes less than 10 s even when all is down.

    Example: capi doctor --json
    """
    checks = examine(quick)
    problems = [check for check in checks if check.verdict == "failed"]
    if json:
        typer.echo(msgspec.json.encode({"ok": not problems, "checks": checks}))
    else:
        _print(checks, len(problems))
    raise typer.Exit(int(bool(problems)))


def examine(quick: bool = False) -> list[Check]:
    """Every check; only those of the settings when the settings cannot be used."""
    try:
        settings = load_settings()
    except ValidationError as error:
        return [
            failed(f"CAPI_{str(e['loc'][0]).upper()}", e["msg"], "correct it, see deploy/env.example")
            for e in error.errors()
        ]
    return [
        *local_checks(settings),
        *check_sites(settings),
        *check_certificates(settings),
        *asyncio.run(service_checks(settings, quick)),
    ]


def _print(checks: Sequence[Check], problems: int) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for check in checks:
        console.print(f"{MARKS[check.verdict]} {escape(check.name)}: {escape(check.found)}")
        if check.todo:
            console.print(f"         [cyan]{escape(check.todo)}[/]")
    console.print(f"[red]{problems} failed[/]" if problems else "[green]Ready.[/]")
