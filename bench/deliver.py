"""What one delivery worker carries to a platform that answers after 50 ms, next to one POST a job.

    make up && .venv/bin/python -m bench.deliver [--rounds N] [--against CHECKOUT] [--sweep] [--json]

Real RabbitMQ, Redis and Kafka; platform and worker are processes of their own. The ways take turns, so that a busy
machine is busy for all of them, and medians count. `--against` runs the delivery of another checkout of this
project beside this one's, `--sweep` tries settings. CPU an event is the figure that depends least on the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from agents.provision import apply_topics
from bench.delivery.jobs import TENANTS
from bench.delivery.rounds import Run, forgotten, playing, run_once
from sinks.deliver.splitting import Splitting
from sinks.platforms.contract import Delivered, Invalid
from sinks.rabbit_admin import RabbitAdmin
from sinks.topology import definitions
from streams.log import setup
from streams.settings import load_settings

ANSWER_S, ROUNDS = 0.05, 5
BEST: dict[str, Any] = {"prefetch": 4000, "post_events": 500, "posts_in_flight": 6}


class Way(NamedTuple):
    """`kind` as in bench/delivery/worker.py; `checkout` whose code runs, None for this one's."""

    label: str
    kind: str
    changes: dict[str, Any]
    jobs: int
    checkout: Path | None = None


def ways(against: Path | None) -> Iterator[Way]:
    yield Way("one POST a job, prefetch 100", "one_by_one", {}, 2_000)
    for label, changes, jobs in (("prefetch 100, defaults", {}, 5_000), (in_words(BEST), BEST, 25_000)):
        if against:
            yield Way(f"before, {label}", "ours", changes, jobs, against)
        yield Way(f"capi deliver, {label}", "ours", changes, jobs)


def sweep() -> Iterator[Way]:
    for prefetch, post_events, in_flight in (
        *((100, size, posts) for size, posts in ((25, 4), (50, 2), (50, 4), (100, 4), (100, 1))),
        *((1000, size, posts) for size, posts in ((50, 4), (50, 16), (100, 8), (250, 4))),
        *((4000, size, posts) for size, posts in ((250, 8), (500, 2), (500, 6), (1000, 4))),
        *((8000, size, posts) for size, posts in ((500, 8), (1000, 4), (1000, 8))),
    ):
        changes = {"prefetch": prefetch, "post_events": post_events, "posts_in_flight": in_flight}
        yield Way(in_words(changes), "ours", changes, 4_000 if prefetch == 100 else 20_000)


def in_words(changes: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in changes.items())


async def main(chosen: list[Way], rounds: int, as_json: bool) -> None:
    base, name = load_settings(log_level="error"), f"bench-{secrets.token_hex(4)}"
    setup(base, "bench")
    os.environ["BENCH_TOKEN"] = secrets.token_hex(8)
    folder = Path(tempfile.mkdtemp())
    (folder / "tenants.toml").write_text(TENANTS)
    found: dict[str, list[Run]] = {way.label: [] for way in chosen}
    async with playing(ANSWER_S) as platform_url, forgotten(base, name):
        own = {
            "rabbitmq_url": f"{base.rabbitmq_url.rpartition('/')[0]}/{name}",
            "namespace": name,
            "tenants": str(folder / "tenants.toml"),
            "deliver_port": 0,
            "meta_url": platform_url,
            "log_level": "error",
        }
        settings = load_settings(**own)
        await apply_topics(settings)
        with RabbitAdmin(settings) as admin:
            admin.import_definitions(definitions(settings))
            try:
                for number in range(rounds):
                    for way in chosen:
                        run = await run_once(way.kind, settings, own | way.changes, way.jobs, way.checkout)
                        found[way.label].append(run)
                        shown = f"{run.events_per_s:,.0f}/s, {run.cpu_us_per_event:.0f} us, {run.rss_mb:.0f} MB"
                        print(f"round {number + 1}, {way.label}: {shown}", file=sys.stderr, flush=True)
            finally:
                admin.delete_vhost()
    _show({label: _median(runs) for label, runs in found.items()}, as_json)


def _median(runs: list[Run]) -> Run:
    return Run(*(statistics.median(values) for values in zip(*runs, strict=True)))


def posts_for(bad: int, size: int, named: bool) -> dict[str, int]:
    """POSTs that `bad` refused events in a batch of `size` cost, and how many then go alone."""
    culprits = {n * size // bad for n in range(bad)}
    splitting, posts = Splitting(list(range(size))), 0
    while part := splitting.next_part():
        posts += 1
        found = [index for index, item in enumerate(part) if item in culprits]
        splitting.settle(part, Invalid(found[0] if named else None, "") if found else Delivered(len(part)))
    return {"posts": posts, "later_alone": len(splitting.unknown())}


def refused() -> dict[str, dict[str, int]]:
    return {
        f"{bad} bad in {size}, {'named' if named else 'not named'}": posts_for(bad, size, named)
        for size in (50, 1000)
        for bad in (1, 2, 5)
        for named in (True, False)
    }


def _show(found: dict[str, Run], as_json: bool) -> None:
    if as_json:
        rows = {label: run._asdict() for label, run in found.items()}
        print(json.dumps({"ways": rows, "refused": refused()}, indent=2))
        return
    slowest = min(run.events_per_s for run in found.values())
    table = Table("way", "events/s", "ratio", "events/POST", "CPU us/event", "MB")
    for label, run in found.items():
        rate = f"{run.events_per_s:,.0f}"
        shown = (rate, f"{run.events_per_s / slowest:.1f}", f"{run.events_per_post:.0f}")
        table.add_row(label, *shown, f"{run.cpu_us_per_event:.0f}", f"{run.rss_mb:.0f}")
    Console().print(table)
    table = Table("refused events", "POSTs", "then one by one")
    for label, counts in refused().items():
        table.add_row(label, str(counts["posts"]), str(counts["later_alone"]))
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--sweep", action="store_true")
    given = parser.parse_args()
    asyncio.run(main(list(sweep() if given.sweep else ways(given.against)), given.rounds, given.json))
