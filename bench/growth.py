"""Does an event cost more beside more sessions, or in a larger one?

    make bench NAME=growth
    .venv/bin/python -m bench.growth [--sessions 2000] [--events 40000] [--rounds 3] [--no-kafka] [--json]

`beside`: one event to each of `--sessions` sessions that hold one, while 1, 10 and 100 times as many are open.
`in session`: events in turns to BESIDE sessions, until each has had 1 to 500; what the size limit releases on the
way is written as a batch, as in production. In process: decode and decide (`rules CPU us`), and with what a commit
would write, each touched session once a run and every batch (`whole CPU us`); every run has one event of each
session, the worst case. Through Kafka: the whole worker by /proc, `--events` of them, for the second in sessions
of 1, 20 and 200. Ratios are to the smallest of each group.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import chain

from bench import frame
from bench.session_events import even, event
from bench.session_rules import Decide, Row
from bench.session_ways import OURS
from bench.sessions import SKIPPED, measure
from streams.events import Event, encode
from streams.runs.garbage import look_seldom

TIMES, IN_SESSION, THROUGH_KAFKA = (1, 10, 100), (1, 5, 20, 100, 500), (1, 20, 200)
COSTS = (("rules CPU us", False), ("whole CPU us", True))  # whether what a commit writes is encoded too
BESIDE, EVENTS_PER_S = 200, 1_000
Works = Mapping[str, Callable[[], frame.Figures]]


def rows(events: Iterable[Event], first: int = 0) -> list[Row]:
    """With log times as if EVENTS_PER_S came."""
    return [Row(n, n * 1000 // EVENTS_PER_S, one.key, encode(one)) for n, one in enumerate(events, first)]


def beside(sessions: int, times: int) -> frame.Figures:
    """One event to each of some of the open sessions, chosen by chance."""
    count, rng = sessions * times, random.Random(2)
    chosen = rng.sample(range(count), sessions)
    more = (event(count + n, f"visit-{visit}", rng, purchases=0) for n, visit in enumerate(chosen))
    return both(rows(even(count, 1)), rows(more, count))


def in_session(count: int) -> frame.Figures:
    return both([], rows(even(BESIDE, count)))


def both(before: list[Row], measured: list[Row]) -> frame.Figures:
    return {name: spent_us(Decide(stores=stores, run_records=BESIDE), before, measured) for name, stores in COSTS}


def spent_us(worker: Decide, before: list[Row], measured: list[Row]) -> float:
    worker(before)
    began_s = time.process_time()
    worker(measured)
    return (time.process_time() - began_s) / len(measured) * 1e6


async def compared(works: Works, rounds: int, figure: str) -> frame.Medians:
    async def one(name: str) -> frame.Figures:
        return works[name]()

    return frame.with_ratios(await frame.in_turns([*works], rounds, True, one), figure, next(iter(works)))


async def in_process(sessions: int, rounds: int) -> frame.Medians:
    by_number = {f"beside {sessions * times:,} sessions": partial(beside, sessions, times) for times in TIMES}
    by_size = {f"{count} in session": partial(in_session, count) for count in IN_SESSION}
    return {
        **await compared(by_number, rounds, "whole CPU us"),
        **await compared(by_size, rounds, "whole CPU us"),
    }


async def through_kafka(sessions: int, events: int, rounds: int) -> frame.Medians:
    """The whole worker; the events beside which others are measured are the share that is not counted."""
    beside_others = {f"beside {sessions * times:,} sessions": sessions * times for times in TIMES}
    sizes = {f"{size} in session": size for size in THROUGH_KAFKA}

    async def by_number(name: str) -> frame.Figures:
        there = beside_others[name]
        made = chain(even(there, 1), even(sessions, max(1, events // sessions), first=there))
        return await measure(OURS, made, skipped=max(SKIPPED, (there + events * SKIPPED) / (there + events)))

    async def by_size(name: str) -> frame.Figures:
        return await measure(OURS, even(max(1, events // sizes[name]), sizes[name]))

    return {
        **frame.with_ratios(
            await frame.in_turns([*beside_others], rounds, True, by_number), "CPU us", next(iter(beside_others))
        ),
        **frame.with_ratios(await frame.in_turns([*sizes], rounds, True, by_size), "CPU us", next(iter(sizes))),
    }


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=2_000)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-kafka", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    look_seldom()
    found = await in_process(asked.sessions, asked.rounds)
    frame.show("in process, an event", found, asked.json)
    if not asked.no_kafka:
        found = await through_kafka(asked.sessions, asked.events, asked.rounds)
        frame.show("through Kafka, an event", found, asked.json)


if __name__ == "__main__":
    asyncio.run(main())
