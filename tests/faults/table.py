"""A report as a table for people, and as JSON for machines."""

from __future__ import annotations

import sys

import msgspec
from rich.console import Console
from rich.table import Table

from tests.faults.trial import Report
from tests.faults.verdict import FORBIDDEN

COLUMNS = ("attempted", "accepted", "delivered", "lost", "duplicated", "unexpected", "recovered")
COUNTS = ("batches", "certainly_known", "recognised", *FORBIDDEN, "came_too_late")


def show(report: Report) -> None:
    """Print the verdict to the terminal (standard error, so that --json stays clean)."""
    console = Console(file=sys.stderr, width=110)
    console.print(_stages(report))
    counts = ", ".join(f"{name.replace('_', ' ')} {getattr(report.verdict, name)}" for name in COUNTS)
    console.print(f"{counts}; platform duplicates excused: at most {report.verdict.duplicates_bound}")
    console.print(f"exits: {report.exits}")
    if report.standings:
        console.print("committed, end of committed records, end: " + "; ".join(report.standings))
    console.print("; ".join(report.problems) or "nothing lost", style="red" if report.problems else "green")


def as_json(report: Report) -> str:
    return msgspec.json.format(msgspec.json.encode(report)).decode()


def _stages(report: Report) -> Table:
    table = Table(title=f"seed {report.seed}, {len(report.faults)} faults, {report.took_s:.0f} s")
    table.add_column("stage")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for row in report.verdict.rows:
        table.add_row(row.what, *(str(getattr(row, column)) for column in COLUMNS))
    return table
