"""What refused events cost in HTTP calls: `python -m bench.bad_events [--seeds 5] [--json]`.

1, 2 and 5 bad events at random places of a batch of 50 and of 1,000, by the delivery worker's own courier over
HTTP to `capi platforms`, which refuses the whole batch and names the event or not. Calls are counted there. What
the budget of POSTs does not reach goes one by one at the next attempt: each is another call. Not timed.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from agents.platforms import Platforms, running_platforms
from agents.platforms.behaviour import Order
from sinks.deliver.courier import Courier
from sinks.deliver.lanes import Lane
from sinks.deliver.letters import Letter, read_letter
from sinks.deliver.post import Poster
from sinks.deliver.splitting import SPENT
from sinks.platforms import rules
from sinks.platforms.contract import Delivered, Invalid
from streams.events import Event, Job, UserData, encode
from streams.log import setup
from streams.settings import load_settings
from streams.tenants import Destination

DESTINATION = Destination(platform="meta", pixel_id="1111111111", token="env:BENCH_TOKEN")  # noqa: S106


class Case(NamedTuple):
    size: int
    bad: int
    named: bool


class Cost(NamedTuple):
    """`calls` as counted by the platform; `left` events go one by one at their next attempt."""

    calls: int
    delivered: int
    refused: int
    left: int


CASES = [Case(size, bad, named) for size in (50, 1000) for bad in (1, 2, 5) for named in (True, False)]


async def cost(platforms: Platforms, courier: Courier, case: Case, seed: int) -> Cost:
    """One batch. The order of events at the platform says which are refused."""
    platforms.reset()
    places = Random(seed).sample(range(case.size), case.bad)
    for place in sorted(places, reverse=True):  # the newest order counts: the first bad event is named
        platforms.orders.give(Order(mode="refuse_event", event_id=f"bench-{place}", named=case.named))
    results = [
        answered.result
        async for settled in courier.carry(list(_letters(case.size)), DESTINATION, Lane(60))
        for _, answered in settled
    ]
    return Cost(
        calls=sum(platforms.ledger.totals()["answers"].values()),
        delivered=sum(isinstance(result, Delivered) for result in results),
        refused=sum(isinstance(result, Invalid) for result in results),
        left=sum(result is SPENT for result in results),
    )


async def costs(seeds: int) -> dict[Case, list[Cost]]:
    """Every case once for each seed, on a stand-in of its own."""
    os.environ.setdefault("BENCH_TOKEN", "any")
    async with running_platforms() as platforms:
        settings = load_settings(meta_url=platforms.url)
        poster = Poster(settings)
        courier = Courier(rules(settings), poster)
        found = {case: [await cost(platforms, courier, case, seed) for seed in range(seeds)] for case in CASES}
        await poster.close()
    return found


def _letters(count: int) -> Iterator[Letter]:
    now_ms = time.time_ns() // 1_000_000
    for number in range(count):
        event = Event(
            event_id=f"bench-{number}",
            event_name="ViewContent",
            event_time_ms=now_ms,
            tenant="default",
            session_id="s",
            user=UserData(em=("0" * 64,)),
        )
        job = Job(
            platform="meta", pixel_id=DESTINATION.pixel_id, event_name="ViewContent", batch_id="b", event=event
        )
        yield read_letter(encode(job), {}, "meta.view", now_ms)


def main(seeds: int = 5, as_json: bool = typer.Option(False, "--json")) -> None:
    setup(load_settings(log_level="error"), "bench")
    found = asyncio.run(costs(seeds))
    if as_json:
        rows = [case._asdict() | {"costs": [c._asdict() for c in made]} for case, made in found.items()]
        print(json.dumps(rows, indent=2))
        return
    table = Table("events", "bad", "index", "HTTP calls, mean", "most", "then one by one, mean")
    for case, made in found.items():
        calls, left = [c.calls for c in made], [c.left for c in made]
        shown = (f"{sum(calls) / seeds:.1f}", str(max(calls)), f"{sum(left) / seeds:.1f}")
        table.add_row(str(case.size), str(case.bad), "named" if case.named else "not named", *shown)
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
