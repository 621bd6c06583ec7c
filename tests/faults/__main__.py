"""By hand: `python -m tests.faults --faults 12 --events 4000 --seed 7 [--json]`. Exits 1 on any problem."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from tests.faults.arena import Challenge, fight
from tests.faults.table import as_json


def main() -> int:
    asked = _arguments()
    challenge = Challenge(
        seed=asked.seed,
        events=asked.events,
        sessions=asked.sessions,
        duration_s=asked.duration_s,
        faults=asked.faults,
    )
    report = asyncio.run(fight(challenge, Path(tempfile.mkdtemp(prefix="capi-faults-"))))
    if asked.json:
        print(as_json(report))
    return 1 if report.problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=12, help="how many, at random moments of the feed")
    parser.add_argument("--events", type=int, default=4_000)
    parser.add_argument("--sessions", type=int, default=900)
    parser.add_argument("--duration-s", type=float, default=110.0, help="how long the feed takes")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="repeats plan and faults")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
