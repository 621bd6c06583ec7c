"""The matrix as a table: for the terminal, as JSON, and as rows of docs/reliability.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from tests.faults.matrix.case import Case
from tests.faults.matrix.run import Outcome
from tests.faults.verdict import Row as Stage

SUMMED = (
    "runs",
    "failed",
    "accepted",
    "delivered",
    "lost",
    "duplicated",
    "unexpected",
    "recovered",
    "two_batches",
    "differing",
    "problems",
)
ALLOWED = {"none": "", "in flight": " (in flight)", "any": " (any)"}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """All runs of one case added up. Stages are the batches and each platform: `lost` and the next four count all
    of them, `accepted` and `delivered` the events that had to reach a platform."""

    case: str
    group: str
    what: str
    runs: int
    failed: int
    accepted: int
    delivered: int
    lost: int
    duplicated: int
    allowed: str
    unexpected: int
    recovered: int
    two_batches: int
    differing: int
    worst_delay_s: float
    problems: tuple[str, ...]


def row_of(case: Case, outcomes: Sequence[Outcome]) -> Row:
    verdicts = [outcome.verdict for outcome in outcomes]
    stages = [stage for verdict in verdicts for stage in verdict.rows]
    landed = [stage for stage in stages if stage.what != "batches"]
    return Row(
        case=case.name,
        group=case.group,
        what=case.what,
        runs=len(outcomes),
        failed=sum(bool(outcome.problems) for outcome in outcomes),
        accepted=_sum(landed, "accepted"),
        delivered=_sum(landed, "delivered"),
        lost=_sum(stages, "lost"),
        duplicated=_sum(landed, "duplicated"),
        allowed=case.duplicates,
        unexpected=_sum(stages, "unexpected"),
        recovered=_sum(landed, "recovered"),
        two_batches=sum(verdict.events_in_two_batches for verdict in verdicts),
        differing=sum(
            verdict.copies_differ + verdict.mirror_differences + verdict.ledger_differences for verdict in verdicts
        ),
        worst_delay_s=max((verdict.worst_delay_s for verdict in verdicts), default=0.0),
        problems=tuple(f"seed {outcome.seed}: {why}" for outcome in outcomes for why in outcome.problems),
    )


def added_up(rows: Iterable[Row]) -> list[Row]:
    """One row a case, of what several machines or evenings found of it."""
    found: dict[str, Row] = {}
    for row in rows:
        known = found.get(row.case)
        found[row.case] = row if known is None else _added(known, row)
    return list(found.values())


def _added(one: Row, other: Row) -> Row:
    summed = {name: getattr(one, name) + getattr(other, name) for name in SUMMED}
    worst_delay_s = max(one.worst_delay_s, other.worst_delay_s)
    return msgspec.structs.replace(other, **summed, worst_delay_s=worst_delay_s)


def _sum(stages: Iterable[Stage], name: str) -> int:
    return sum(getattr(stage, name) for stage in stages)


COLUMNS = (
    "case",
    "runs",
    "accepted",
    "delivered",
    "lost",
    "duplicated",
    "unexpected",
    "recovered",
    "in two batches",
    "differing",
    "worst delay, s",
)


def cells(row: Row) -> tuple[str, ...]:
    """One for each of COLUMNS."""
    return (
        row.case,
        str(row.runs) if not row.failed else f"{row.runs} ({row.failed} failed)",
        str(row.accepted),
        str(row.delivered),
        str(row.lost),
        f"{row.duplicated}{ALLOWED[row.allowed]}",
        str(row.unexpected),
        str(row.recovered),
        str(row.two_batches),
        str(row.differing),
        f"{row.worst_delay_s:.1f}",
    )


def show(rows: Sequence[Row], console: Console) -> None:
    """One line a case; then what went wrong."""
    table = Table(title="The fault matrix")
    for place, column in enumerate(COLUMNS):
        table.add_column(column, justify="right" if place else "left")
    for row in rows:
        table.add_row(*cells(row), style="red" if row.failed else "")
    console.print(table)
    for row in rows:
        for problem in row.problems:
            console.print(f"{row.case}, {problem}", style="red", highlight=False)


def markdown(rows: Sequence[Row]) -> Iterator[str]:
    """Lines: a heading for each group, a row for each case with its sentence."""
    groups = list(dict.fromkeys(row.group for row in rows))
    yield f"| {' | '.join(('case', 'the fault', *COLUMNS[1:]))} |"
    yield "|---" * 2 + "|--:" * (len(COLUMNS) - 1) + "|"
    for group in groups:
        yield f"| **{group}** |" + " |" * len(COLUMNS)
        for row in rows:
            if row.group == group:
                name, *numbers = cells(row)
                yield f"| {' | '.join((name, row.what, *numbers))} |"
