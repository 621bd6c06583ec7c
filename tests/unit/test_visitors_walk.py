"""Deleting what is over: once a day past every memory, a few at each tick; and a person, on request."""

from __future__ import annotations

from streams.events import Erase, Visit
from streams.visitor_table import MOST_STEPS, VisitorTable
from streams.visitors import DAY_MS

LIMIT_MS = 10 * DAY_MS
EM = "e" * 64


class Touched(dict[bytes, bytes]):
    """A table that counts how often it was looked into."""

    looks = 0

    def get(self, key: bytes, default: object = None) -> bytes | None:  # type: ignore[override]
        self.looks += 1
        return super().get(key)


def shop_of(visitors: int) -> tuple[VisitorTable, Touched]:
    table = Touched()
    memories = VisitorTable(table, lambda partition: [*table], lambda key: LIMIT_MS)
    for n in range(visitors):
        memories.visit(visit(f"fbp:{n}"), 0)
    table.looks = 0
    return memories, table


def visit(visitor: str, tenant: str = "shop", em: str = EM) -> Visit:
    return Visit(tenant=tenant, visitor=visitor, session_id="s", identity={"em": (em,)})


def test_a_day_of_ticks_looks_at_every_memory_once() -> None:
    memories, table = shop_of(500)
    for minute in range(24 * 60 + 1):
        memories.advance(0, minute * 60_000)
    assert table.looks == 500
    assert len(table) == 500


def test_a_tick_is_bounded_whatever_the_time_since_the_last() -> None:
    memories, table = shop_of(3 * MOST_STEPS)
    memories.advance(0, 0)
    memories.advance(0, 20 * DAY_MS)
    assert table.looks == MOST_STEPS
    assert len(table) == 2 * MOST_STEPS


def test_what_is_over_goes_although_nobody_asks() -> None:
    memories, table = shop_of(100)
    for hour in range(12 * 24 + 3):
        memories.advance(0, hour * 3_600_000)
    assert table == {}


def test_the_walk_survives_what_goes_meanwhile() -> None:
    memories, table = shop_of(100)
    memories.advance(0, 0)
    table.clear()
    memories.advance(0, DAY_MS)
    assert table.looks == 100


def test_an_erasure_takes_every_memory_of_the_person_and_of_nobody_else() -> None:
    memories, table = shop_of(0)
    mine, other = "a" * 64, "b" * 64
    memories.visit(visit("fbp:1", em=mine), 0)
    memories.visit(visit("ttp:1", em=mine), 0)
    memories.visit(visit("fbp:2", em=other), 0)
    memories.visit(visit("fbp:1", tenant="shop2", em=mine), 0)
    memories.visit(Visit(tenant="shop", visitor="fbp:3", session_id="s", identity={"fn": (mine,)}), 0)
    assert memories.erase(0, Erase(tenant="shop", field="em", digest=mine)) == 2
    assert {*table} == {b"shop|fbp:2", b"shop2|fbp:1", b"shop|fbp:3"}


def test_an_external_id_is_found_in_the_name_of_a_memory_too() -> None:
    memories, table = shop_of(0)
    memories.visit(visit("external_id:" + "a" * 64), 0)
    memories.visit(visit("external_id:" + "b" * 64), 0)
    assert memories.erase(0, Erase(tenant="shop", field="external_id", digest="a" * 64)) == 1
    assert [*table] == [b"shop|external_id:" + b"b" * 64]
