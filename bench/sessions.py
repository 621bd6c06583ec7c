"""The session job: our worker, plain Faust, aiokafka alone and Kafka Streams, in one run.

    make bench NAME=sessions
    .venv/bin/python -m bench.sessions [--ways ours,faust] [--events 200000] [--rounds 5] [--check] [--json]

Real Kafka at CAPI_KAFKA_URL, topics of its own, loaded first; then a worker of each way reads them, in turns.
First it is checked that all ways make the same batches of the same records; `--check` ends there.

Counted from the first progress past a third of the events that Kafka has to that of the last event, with which the
last batch is durable. So start-up is left out, and with it what the JVM's compiler does until then; for all alike.
Kafka Streams gets twice the events, since that compiler is busy for seconds more: with few it would look slow.
CPU is that of all threads by /proc, of the worker and of the broker apart: the broker's is worth something only
if nobody else uses it. `faust-nothing` decides nothing: what Faust alone costs. Way `faust` is the base of ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import frame
from bench.baselines import jvm
from bench.processes import broker_pid, peak_mb
from bench.progress import Ends, Progress, ends_of, progress_of
from bench.session_check import batches_by_way, differences
from bench.session_events import events, load
from bench.session_ways import WAYS, Way, session_settings, working
from deploy.stack.program import StackError
from streams.events import Event
from tests.kafka import topics_of

SKIPPED, WITHIN_S = 1 / 3, 300.0


async def measure(way: Way, made: Iterable[Event], skipped: float = SKIPPED, **more: Any) -> frame.Figures:
    """One round with these events; the share `skipped` is not counted, `more` are settings of the worker."""
    with tempfile.TemporaryDirectory(prefix="bench-sessions-") as name:
        folder = Path(name)
        settings = session_settings(folder, **more)
        async with topics_of(settings):
            await load(settings, made)
            ends = await ends_of(settings, "sessions.in")
            with working(way, settings, folder) as worker:
                try:
                    async with progress_of(settings, ends, worker.pid, broker_pid()) as progress:
                        figures = await watch(progress, ends, skipped)
                    return {**figures, "peak MB": peak_mb(worker.pid)}
                except (TimeoutError, OSError) as error:
                    log = (folder / "worker.log").read_text()[-2_000:]
                    raise SystemExit(f"{way.name}: not done within {WITHIN_S:.0f} s ({error!r})\n{log}") from error


async def watch(progress: Progress, ends: Ends, skipped: float) -> frame.Figures:
    count = sum(ends.values())
    first = await progress.until(lambda look: look.done >= skipped * count, WITHIN_S)
    if first.done == count:
        raise SystemExit("all was done at the first look: --events more")
    last = await progress.until(lambda look: look.done == count, WITHIN_S)
    done = last.done - first.done
    return {
        "events/s": done / (last.at_s - first.at_s),
        "CPU us": (last.cpu_s - first.cpu_s) / done * 1e6,
        "broker CPU us": (last.broker_cpu_s - first.broker_cpu_s) / done * 1e6,
    }


async def main() -> None:
    asked = _asked()
    ways = {name: WAYS[name] for name in asked.ways.split(",")}
    if any(name.startswith("streams") for name in ways):
        jvm.built()
    await check([way for way in ways.values() if way.decides])
    if asked.check:
        return

    async def one(name: str) -> frame.Figures:
        return await measure(ways[name], events(round(asked.events * ways[name].share)))

    found = await frame.in_turns([*ways], asked.rounds, not asked.no_warm_up, one)
    base = "faust" if "faust" in ways else next(iter(ways))
    frame.show("session job, an event", frame.with_ratios(found, "CPU us", base), asked.json)


async def check(ways: list[Way]) -> None:
    found = await batches_by_way(ways)
    if wrong := differences(found):
        raise SystemExit("not the same work:\n" + "\n".join(wrong))
    for name, of_way in found.items():
        frame.say(f"check: {name}: the same {len(of_way)} batches")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ways", default=",".join(WAYS), help="Those of %(default)s, by commas.")
    parser.add_argument("--events", type=int, default=200_000, help="Slow ways get a share of them.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-warm-up", action="store_true", help="Else a round before the first is thrown away.")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if unknown := {*asked.ways.split(",")} - {*WAYS}:
        parser.error(f"no such way: {', '.join(sorted(unknown))}")
    return asked


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except StackError as error:
        raise SystemExit(str(error)) from None
