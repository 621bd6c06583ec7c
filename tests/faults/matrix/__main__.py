"""The fault matrix by hand: `python -m tests.faults.matrix --case "kill *" --runs 1 --events 600 --seed 7`.

Exits 1 when anything was lost, unexpected or differing, a site did not get well again, or Ctrl-C ended it early:
the table then shows what there is.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from tests.faults.matrix import page
from tests.faults.matrix.case import Case
from tests.faults.matrix.matrix import Order, run_all
from tests.faults.matrix.registry import chosen
from tests.faults.matrix.run import Outcome, Size
from tests.faults.matrix.table import Row, added_up, markdown, row_of, show

CI_SIZE = Size(events=600, sessions=140, feed_s=5.0)
EVENTS_A_SESSION = 4_000 / 900


def main() -> int:
    asked = _arguments()
    cases = shared(chosen(asked.case, asked.group, asked.ci), asked.share)
    if not cases:
        print("no case is called so; --list shows them", file=sys.stderr)
        return 2
    if asked.list:
        print("\n".join(f"{case.group:<10} {case.name:<44} {case.what}" for case in cases))
        return 0
    order = Order(cases=cases, runs=asked.runs, size=_size(asked), seed=asked.seed)
    found: list[tuple[Case, Outcome]] = []
    try:
        asyncio.run(_all(order, found))
    except KeyboardInterrupt:
        print("interrupted: what follows is not all", file=sys.stderr)
    rows = added_up([*_read(asked.add), *_rows(found)])
    show(rows, Console(file=sys.stderr, width=170))
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(rows)))
    if asked.page:
        page.write(asked.page, [*markdown(rows)])
    whole = len(found) == sum(order.runs_of(case) for case in cases)
    return 0 if whole and not any(row.failed for row in rows) else 1


async def _all(order: Order, found: list[tuple[Case, Outcome]]) -> None:
    """Fills `found`, so that an end by Ctrl-C leaves what there was."""
    async for each in run_all(order):
        found.append(each)


def _rows(found: list[tuple[Case, Outcome]]) -> list[Row]:
    cases = {case.name: case for case, _ in found}
    return [row_of(case, [outcome for one, outcome in found if one.name == name]) for name, case in cases.items()]


def _read(files: Sequence[Path]) -> list[Row]:
    return [row for file in files for row in msgspec.json.decode(file.read_bytes(), type=list[Row])]


def shared(cases: Sequence[Case], share: str) -> list[Case]:
    """Share `2/3` is every third case, from the second on: three machines then run the whole matrix."""
    number, _, of = share.partition("/")
    return list(cases[int(number) - 1 :: int(of)])


def _size(asked: argparse.Namespace) -> Size:
    base = CI_SIZE if asked.ci else Size()
    if asked.events is None:
        return base
    sessions = max(1, round(asked.events / EVENTS_A_SESSION))
    return Size(asked.events, sessions, asked.feed_s or base.feed_s)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.matrix", description=__doc__)
    parser.add_argument("--case", default="*", metavar="GLOB", help="which cases, by name")
    parser.add_argument("--group", default="", help="of one group only")
    parser.add_argument("--ci", action="store_true", help="the chosen few, and smaller")
    parser.add_argument("--share", default="1/1", metavar="N/OF", help="every OF-th case, from the N-th on")
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    parser.add_argument("--runs", type=int, default=5, help="of each case")
    parser.add_argument("--events", type=int, help=f"of a run; {Size().events}, with --ci {CI_SIZE.events}")
    parser.add_argument("--feed-s", type=float, help="how long their feed takes")
    parser.add_argument("--seed", type=int, help="of the first run of each case: repeats plan and moment")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as JSON too")
    parser.add_argument("--add", type=Path, action="append", default=[], metavar="FILE", help="JSON of other runs")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the table into this page too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
