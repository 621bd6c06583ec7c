"""How things are measured side by side: in turns, the first round thrown away, medians, ratios to one of them.

A machine is never quiet for long. Ways that take turns share its moods, medians drop the worst of them, and a
ratio of CPU seconds of one run holds on other machines better than any rate.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

Figures = Mapping[str, float]  # name with its unit -> value, of one way in one round; the same names in all rounds
Medians = dict[str, dict[str, float]]


async def in_turns(
    ways: Sequence[str], rounds: int, warm_up: bool, measure: Callable[[str], Awaitable[Figures]]
) -> Medians:
    """Medians by way. Tells on stderr what is under way and what it brought."""
    found: dict[str, list[Figures]] = {way: [] for way in ways}
    for number in range(0 if warm_up else 1, rounds + 1):
        for way in ways:
            say(f"round {number} of {rounds}: {way}" if number else f"warm-up: {way}")
            figures = await measure(way)
            say("    " + ", ".join(f"{name} {value:,.1f}" for name, value in figures.items()))
            if number:
                found[way].append(figures)
    return {way: medians(of_way) for way, of_way in found.items()}


def medians(rounds: Sequence[Figures]) -> dict[str, float]:
    return {name: round(statistics.median(one[name] for one in rounds), 3) for name in rounds[0]}


def with_ratios(found: Medians, figure: str, base: str) -> Medians:
    """`figure` of `base` by that of each way: how many times less it needs."""
    of_base = found[base][figure]
    return {
        way: {**figures, f"ratio of {figure}": round(of_base / figures[figure], 2)}
        for way, figures in found.items()
    }


def show(title: str, found: Medians, as_json: bool) -> None:
    """JSON is {way: {figure: median}}, one line on stdout."""
    if as_json:
        print(json.dumps(found), flush=True)
        return
    names = [*next(iter(found.values()))]
    table = Table()
    table.add_column(title, no_wrap=True)
    for name in names:
        table.add_column(name, justify="right")
    for way, figures in found.items():
        table.add_row(way, *(_short(figures[name]) for name in names))
    Console().print(table)


def _short(value: float) -> str:
    return "-" if value != value else f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
