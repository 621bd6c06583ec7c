"""By hand: `python -m tests.faults.deliver_run [--only "memory alarm"] [--json]`. Exits 1 on any problem."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.faults.deliver_faults import FAULTS
from tests.faults.deliver_table import as_json, show
from tests.faults.deliver_trial import trial
from tests.faults.deliver_verdict import Report
from tests.faults.rabbit import PrivateRabbit


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.deliver_run", description=__doc__)
    parser.add_argument("--only", action="append", choices=FAULTS, help="this fault; may be repeated")
    parser.add_argument("--jobs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="repeats jobs and moments")
    parser.add_argument("--json", action="store_true", help="print the reports as JSON")
    asked = parser.parse_args()
    reports = asyncio.run(trials(asked.only or list(FAULTS), asked.seed, asked.jobs))
    show(reports)
    if asked.json:
        print(as_json(reports))
    return 1 if any(report.problems for report in reports) else 0


async def trials(names: Sequence[str], seed: int, jobs: int) -> list[Report]:
    """One after the other on one node."""
    folder = Path(tempfile.mkdtemp(prefix="capi-faults-"))
    rabbit = PrivateRabbit(folder / "stack")
    rabbit.start()
    try:
        return [await trial(name, rabbit, _made(folder / name.replace(" ", "-")), seed, jobs) for name in names]
    finally:
        rabbit.stop()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    sys.exit(main())
