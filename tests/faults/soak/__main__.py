"""The soak by hand: `python -m tests.faults.soak --minutes 30 --rate 200`. Exits 1 when something grows."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path
from time import monotonic

import msgspec
from rich.console import Console
from rich.table import Table

from tests.faults.matrix.arena import Arena, open_arena
from tests.faults.matrix.extra import trickle
from tests.faults.matrix.health import well
from tests.faults.matrix.services import plain
from tests.faults.soak.growth import Growth, Sample, growth
from tests.faults.soak.sampling import samples

EVERY_S, TELL_S = 5.0, 60.0
FIRST_WELL_S = 180.0
COLUMNS = ("role", "RSS, MB", "kB a minute", "by design", "files", "a minute", "threads", "sockets", "problem")


def main() -> int:
    asked = _arguments()
    for name in ("aiokafka", "httpx", "aiormq"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="capi-soak-") as folder:
        found = asyncio.run(_soak(Path(folder), 60 * asked.minutes, asked.rate))
    _show(found)
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    return 1 if any(one.problems for one in found) else 0


async def _soak(folder: Path, seconds: float, rate: float) -> list[Growth]:
    async with open_arena(folder, plain(folder)) as arena:
        if wrong := await well(arena, FIRST_WELL_S):
            raise RuntimeError(f"the site does not come up: {'; '.join(wrong)}")
        async with trickle(arena, rate):
            by_role = await _watch(arena, seconds)
    return [growth(role, taken) for role, taken in by_role.items() if len(taken) > 1]


async def _watch(arena: Arena, seconds: float) -> dict[str, list[Sample]]:
    began_s, by_role, told_s = monotonic(), dict[str, list[Sample]](), 0.0
    while (at_s := monotonic() - began_s) < seconds:
        for role, sample in (await samples(arena, at_s)).items():
            by_role.setdefault(role, []).append(sample)
        if at_s >= told_s:
            told_s = at_s + TELL_S
            total = sum(taken[-1].rss_bytes for taken in by_role.values())
            arena.say(f"{at_s / 60:.1f} of {seconds / 60:g} minutes, {total / 1024**2:.0f} MB in all")
        await asyncio.sleep(EVERY_S)
    return by_role


def _show(found: list[Growth]) -> None:
    table = Table(title="After the warm-up")
    for place, column in enumerate(COLUMNS):
        table.add_column(column, justify="right" if 0 < place < len(COLUMNS) - 1 else "left")
    for one in found:
        table.add_row(
            one.role,
            f"{one.rss_mb:.1f}",
            f"{one.rss_bytes_a_minute / 1024:+.1f}",
            f"{one.by_design_bytes_a_minute / 1024:.1f}",
            str(one.files),
            f"{one.files_a_minute:+.2f}",
            str(one.threads),
            str(one.sockets),
            "; ".join(one.problems),
            style="red" if one.problems else "",
        )
    Console(file=sys.stderr, width=150).print(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=200.0, help="events a second")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as JSON too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
