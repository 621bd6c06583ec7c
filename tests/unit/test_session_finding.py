"""Looking for an event id in a worker's table: in slices, bounded, and within the tenants that may be seen."""

from __future__ import annotations

import asyncio
from itertools import islice
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agents.sessions_views import finding
from agents.sessions_views.finding import Finding
from streams.session_find import MOST_FOUND
from tests.unit.visits import DEFAULTS, Visit


def finding_in(keys: dict[int, list[bytes]]) -> Finding:
    """Each session holds the event `e`."""
    visit = Visit()
    visit.at(0, "PageView", "e")
    values = {key: visit.session for some in keys.values() for key in some}
    table = SimpleNamespace(
        data=SimpleNamespace(data=values), some_keys_of=lambda n, most: [*islice(keys.get(n, ()), most)]
    )
    return Finding(cast(Any, table), lambda _: DEFAULTS)


def keys(tenant: str, count: int) -> list[bytes]:
    return [f"{tenant}|s{number}".encode() for number in range(count)]


async def test_it_is_looked_for_in_the_partitions_named_and_the_tenants_seen() -> None:
    some = finding_in({0: keys("a", 2), 1: [*keys("b", 1), *keys("ab", 1)], 2: keys("a", 5)})
    assert [(p.row.tenant, p.row.partition) for p in (await some.find("e", (0, 1), None)).places] == [
        ("a", 0),
        ("a", 0),
        ("b", 1),
        ("ab", 1),
    ]
    seen = await some.find("e", (0, 1), ("a",))
    assert ([p.row.tenant for p in seen.places], seen.looked_at, seen.partial) == (["a", "a"], 4, False)
    assert (await some.find("e", (0, 1), ())).places == ()
    assert (await some.find("other", (0, 1), None)).places == ()


@pytest.mark.parametrize(("places", "partial"), [(MOST_FOUND, False), (MOST_FOUND + 1, True)])
async def test_more_places_than_are_told_are_said(places: int, partial: bool) -> None:
    found = await finding_in({0: keys("a", places - 1), 1: keys("b", 1)}).find("e", (0, 1), None)
    assert (len(found.places), found.partial) == (MOST_FOUND, partial)


@pytest.mark.parametrize(("most", "partial"), [(5, True), (6, False), (7, False)])
async def test_more_sessions_than_may_be_looked_at_are_said(
    monkeypatch: pytest.MonkeyPatch, most: int, partial: bool
) -> None:
    monkeypatch.setattr(finding, "MOST_LOOKED_AT", most)
    found = await finding_in({0: keys("a", 3), 1: keys("b", 3)}).find("e", (0, 1), None)
    assert (found.looked_at, found.partial, len(found.places)) == (min(most, 6), partial, min(most, 6))


async def test_others_go_on_between_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SLICE_IDS", 10)
    breaths = 0

    async def other() -> None:
        nonlocal breaths
        while True:
            breaths += 1
            await asyncio.sleep(0)

    going = asyncio.create_task(other())
    await finding_in({0: keys("a", 100)}).find("nobody", (0,), None)
    going.cancel()
    assert breaths >= 100 * 2 // 10, "a session with one event costs two"
