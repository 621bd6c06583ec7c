"""How much memory an open event takes in the session worker, in sessions of 1 and of 20 events.

    make bench NAME=memory
    .venv/bin/python -m bench.memory [--events 200000] [--rounds 1] [--no-kafka] [--json]

In process, each case in a fresh one: sessions, their table, deadlines and sets of ids, as resident memory and as
what Python's allocator was asked for (tracemalloc; in a process of its own, because it takes memory itself).
Through Kafka: resident memory of a whole worker that holds the events, less that of one that holds a hundredth.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path

from bench import frame
from bench.growth import rows
from bench.processes import rss_mb
from bench.progress import ends_of, progress_of
from bench.session_events import even, load
from bench.session_rules import Decide
from bench.session_ways import OURS, session_settings, working
from tests.kafka import topics_of

IN_SESSION, SMALL, WITHIN_S = (1, 20), 100, 300
MB = 1 << 20


def held_mb(events: int, in_session: int, traced: bool) -> float:
    """What this process needs more once it holds so many; records come one after the other and are not kept."""
    worker = Decide(stores=False)
    worker(rows(even(1, 1, first=events)))
    gc.collect()
    if traced:
        tracemalloc.start()
    before_mb = rss_mb(os.getpid())
    made = even(events // in_session, in_session)
    for offset, one in enumerate(made):
        worker([rows([one], offset)[0]._replace(at_ms=0)])
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / MB if traced else rss_mb(os.getpid()) - before_mb


def in_process(events: int, in_session: int) -> frame.Figures:
    def bytes_each(traced: bool) -> float:
        command = [sys.executable, "-m", "bench.memory", "--one", str(events), str(in_session), str(int(traced))]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=WITHIN_S)
        return float(json.loads(done.stdout)) * MB / events

    return {"RSS B": bytes_each(False), "tracemalloc B": bytes_each(True)}


async def worker_mb(events: int, in_session: int) -> float:
    with tempfile.TemporaryDirectory(prefix="bench-memory-") as made:
        folder = Path(made)
        settings = session_settings(folder)
        async with topics_of(settings):
            await load(settings, even(events // in_session, in_session))
            ends = await ends_of(settings, "sessions.in")
            with working(OURS, settings, folder) as worker:
                async with progress_of(settings, ends, worker.pid) as progress:
                    await progress.until(lambda look: look.done == sum(ends.values()), WITHIN_S)
                return rss_mb(worker.pid)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--no-kafka", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=3, type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        events, in_session, traced = asked.one
        print(held_mb(events, in_session, bool(traced)))
        return
    cases = {f"{size} in session": size for size in IN_SESSION}

    async def one(name: str) -> frame.Figures:
        figures = {**in_process(asked.events, cases[name])}
        if not asked.no_kafka:
            large, small = [await worker_mb(n, cases[name]) for n in (asked.events, asked.events // SMALL)]
            figures["worker RSS B"] = (large - small) * MB / (asked.events - asked.events // SMALL)
        return figures

    frame.show("an open event", await frame.in_turns([*cases], asked.rounds, False, one), asked.json)


if __name__ == "__main__":
    asyncio.run(main())
