"""Reports of delivery under faults as one table for people, and as JSON for machines."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from tests.faults.deliver_verdict import Report

COLUMNS = (
    "strikes",
    "accepted",
    "delivered",
    "lost",
    "duplicated",
    "in_flight",
    "unexpected",
    "recovered",
    "came_home",
    "undercounted",
    "recovered_s",
)


def show(reports: Sequence[Report]) -> None:
    """Print them to standard error, so that JSON stays clean."""
    table = Table(title="delivery under faults")
    table.add_column("fault")
    for column in COLUMNS:
        table.add_column(column.replace("_", " "), justify="right")
    for report in reports:
        row = (str(getattr(report, column)) for column in COLUMNS)
        table.add_row(report.fault, *row, style="red" if report.problems else "")
    console = Console(file=sys.stderr, width=150)
    console.print(table)
    for report in reports:
        for problem in report.problems:
            console.print(f"{report.fault}, seed {report.seed}: {problem}", style="red")


def as_json(reports: Sequence[Report]) -> str:
    return msgspec.json.format(msgspec.json.encode(reports)).decode()
