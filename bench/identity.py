"""What an identity costs: `python -m bench.identity [--people 1000] [--json]`.

CPU microseconds to normalise and hash all 11 match keys of a person and to check the click ids, for both
platforms, beside `UserData.normalize()` of Meta's own SDK, which does it for Meta only and remembers nothing.
`new`: the caches are empty and each person comes for the first time; `known`: the same people again. Ours and
theirs take turns on the same people; medians of the rounds.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import typer
from facebook_business.adobjects.serverside.gender import Gender  # type: ignore[import-untyped]
from facebook_business.adobjects.serverside.user_data import (  # type: ignore[import-untyped]
    UserData as SdkUserData,
)
from rich.console import Console
from rich.table import Table

from streams.identity import normalise
from streams.identity.clicks import _client_ip
from streams.identity.matching import match

Person = dict[str, str]
ROUNDS = 7
NOW_MS = 1_795_000_000_000
CITIES = ("New York", "Los Angeles", "São Paulo", "Köln", "Winston-Salem", "Paris", "St. Louis")
FIRST = ("Alice", "Mary", "Valéry", "José", "Jean-Luc", "Chloë", "Bob")
LAST = ("Doe", "O'Hara", "García", "Müller", "Smith-Jones", "Ng", "van der Berg")
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
SDK_NAMES = {
    "em": "email",
    "ph": "phone",
    "fn": "first_name",
    "ln": "last_name",
    "ge": "gender",
    "db": "date_of_birth",
    "ct": "city",
    "st": "state",
    "zp": "zip_code",
    "country": "country_code",
    "external_id": "external_id",
    "client_ip": "client_ip_address",
    "client_user_agent": "client_user_agent",
    "fbc": "fbc",
    "fbp": "fbp",
}


def person(number: int, phone: bool) -> Person:
    """In forms that the SDK takes too: it raises on a country's name and on a phone without its country code."""
    raw = {
        "em": f"Visitor{number}@Example.com",
        "ph": f"+1 650 {200 + number // 10_000 % 800:03d} {number % 10_000:04d}",
        "fn": f"{FIRST[number % 7]}{'abcdefghij'[number % 10]}",
        "ln": f"{LAST[number % 7]}{'abcdefghij'[number // 10 % 10]}",
        "ge": "fm"[number % 2],
        "db": f"{1940 + number % 60}{number % 12 + 1:02d}{number % 28 + 1:02d}",
        "ct": CITIES[number % 7],
        "st": "NY",
        "zp": f"{number % 100_000:05d}",
        "country": "US",
        "external_id": f"user-{number}",
        "client_ip": f"203.0.{number // 250 % 250}.{number % 250}",
        "client_user_agent": AGENT,
        "fbc": f"fb.1.{NOW_MS - 1000}.IwAR2x{number}",
        "fbp": f"fb.1.{NOW_MS - 1000}.{number}",
        "ttclid": f"E.C.P.{number}",
        "ttp": f"2Xq9-{number}",
    }
    return raw if phone else {field: value for field, value in raw.items() if field != "ph"}


def for_sdk(raw: Person) -> dict[str, Any]:
    known = {SDK_NAMES[field]: value for field, value in raw.items() if field in SDK_NAMES}
    return known | {"gender": Gender(raw["ge"])}


def ours(raw: Person) -> None:
    user, dropped = normalise(raw, "US", NOW_MS)
    if dropped or not (user.em and user.ttclid):
        raise SystemExit(f"the bench's own person was not taken: {dropped}")


def each_us(work: Callable[[Any], object], given: Sequence[Any]) -> float:
    """CPU microseconds for one of them."""
    begun = time.process_time()
    for one in given:
        work(one)
    return (time.process_time() - begun) / len(given) * 1e6


def one_round(people: Sequence[Person]) -> dict[str, float]:
    """Each work over the same people, the caches empty before."""
    theirs = [SdkUserData(**for_sdk(one)) for one in people]
    match.cache_clear()
    _client_ip.cache_clear()
    return {
        "sdk": each_us(SdkUserData.normalize, theirs),
        "new": each_us(ours, people),
        "known": each_us(ours, people),
    }


def measured(people: int) -> list[dict[str, Any]]:
    """A row for each kind of identity; the round before the first only warms up."""
    spent: dict[str, list[dict[str, float]]] = {"with phone": [], "without phone": []}
    for turn in range(ROUNDS + 1):
        for kind, rounds in spent.items():
            numbers = range(turn * people, (turn + 1) * people)
            rounds.append(one_round([person(number, kind == "with phone") for number in numbers]))
    return [row(kind, which, rounds[1:]) for kind, rounds in spent.items() for which in ("new", "known")]


def row(kind: str, which: str, rounds: Sequence[dict[str, float]]) -> dict[str, Any]:
    ours_us, sdk_us = (statistics.median(one[name] for one in rounds) for name in (which, "sdk"))
    return {
        "identity": f"{which}, {kind}",
        "ours_us": round(ours_us, 1),
        "sdk_us": round(sdk_us, 1),
        "ratio": round(ours_us / sdk_us, 2),
    }


def main(
    people: int = typer.Option(
        1_000, min=100, max=1_400, help="Persons a round; more would not fit into the cache."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    found = measured(people)
    if as_json:
        typer.echo(json.dumps({"people": people, "rounds": ROUNDS, "identities": found}))
        return
    table = Table("identity", box=None)
    for name in ("ours, us", "SDK, us", "ours to SDK"):
        table.add_column(name, justify="right")
    for found_row in found:
        table.add_row(*map(str, found_row.values()))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
