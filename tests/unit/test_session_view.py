"""What may be shown of a session, and that nothing else is."""

from __future__ import annotations

import pytest
from msgspec import structs

from streams.events import UserData, encode
from streams.session_state import Limits
from streams.session_view import (
    PRESENT,
    SessionRow,
    SessionView,
    Sort,
    Wanted,
    is_wanted,
    page_of,
    place_of,
    shown,
    view_of,
)
from tests.unit.visits import ADAPTIVE, DEFAULTS, MINUTE, REMEMBERS, Visit, told

EM = "973dfe46" + "3e" * 28
CLEAR = UserData(
    em=(EM,),
    fbp="fb.1.17.secret",
    ttclid="clicksecret",
    client_ip="198.51.100.7",
    client_user_agent="Agent/1",
    city="ulm",
)


def seen(visit: Visit, limits: Limits = DEFAULTS) -> SessionView:
    assert visit.session is not None
    return view_of(b"default|s1", 3, visit.session, limits)


def test_a_held_visit_with_where_each_field_is_from() -> None:
    visit = Visit()
    visit.at(0, "PageView", "p")
    visit.at(1, "AddToCart", "c", user=CLEAR, fired=("meta",))
    view = seen(visit)
    row = view.row
    assert (row.tenant, row.session_id, row.partition, row.status, row.held) == ("default", "s1", 3, "open", 2)
    assert (row.first_ms, row.last_ms, row.due_ms, row.why) == (0, MINUTE, 31 * MINUTE, "idle")
    assert (view.identity["em"].shown, view.identity["em"].source) == ("973dfe46", "c")
    first, second = view.events
    assert first.backfilled["em"] == "c" and first.own == ()
    assert "em" in second.own and second.browser_fired == ("meta",) and second.offset == 2


def test_no_clear_value_is_in_any_of_it() -> None:
    visit = Visit()
    visit.at(0, "AddToCart", "c", user=CLEAR, fbclid="fbsecret")
    text = encode(seen(visit)).decode()
    for value in (EM, EM[:9], "secret", "198.51", "Agent/1", "ulm"):
        assert value not in text
    assert text.count(PRESENT) >= 5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((EM, "f" * 64), "973dfe46 ffffffff"),
        ("ada@example.com", PRESENT),
        (("49301",), PRESENT),
        (("ü" * 64,), PRESENT),
    ],
)
def test_only_digests_show_a_part(value: str | tuple[str, ...], expected: str) -> None:
    assert shown(value) == expected


def test_why_it_will_change_and_when() -> None:
    merging = Visit(ADAPTIVE)
    merging.at(0, "PageView", "p", fired=("meta",))
    assert (seen(merging, ADAPTIVE).row.why, seen(merging, ADAPTIVE).row.due_ms) == ("merge", 4 * MINUTE)
    waiting = Visit(REMEMBERS)
    (question,) = told(waiting.at(0, "Purchase", "o", user=UserData(fbp="f")))
    assert seen(waiting, REMEMBERS).row.why == "recall" and seen(waiting, REMEMBERS).waits
    waiting.hears(0.01, question, {"em": (EM,)})
    closed = seen(waiting, REMEMBERS)
    assert (closed.row.status, closed.row.why, closed.row.due_ms) == ("closed", "grace", 40 * MINUTE)
    assert closed.identity["em"].source == "visitor:fbp" and closed.seen == 1
    old = Visit()
    for minute in range(0, 230, 10):
        old.at(minute, "PageView", f"p{minute}")
    assert (seen(old).row.why, seen(old).row.due_ms) == ("max_age", 240 * MINUTE)


def rows(count: int) -> list[SessionRow]:
    visit = Visit()
    visit.at(0, "PageView", "p")
    first = seen(visit).row
    return [
        structs.replace(first, session_id=f"s{n % 7}-{n}", due_ms=n % 5, last_ms=n % 3, tenant="ab"[n % 2])
        for n in range(count)
    ]


@pytest.mark.parametrize("sort", ["due", "last"])
@pytest.mark.parametrize("limit", [1, 7, 40, 100])
def test_pages_join_to_the_whole_list_in_order(sort: Sort, limit: int) -> None:
    found: list[SessionRow] = []
    wanted = Wanted(sort=sort, limit=limit)
    while True:
        page, after = page_of(rows(40), wanted)
        found += page
        if not after:
            break
        wanted = structs.replace(wanted, after=after)
    assert found == sorted(rows(40), key=lambda row: place_of(row, sort))


def test_only_what_is_wanted_and_may_be_seen() -> None:
    chosen = Wanted(tenants=("a",), prefix="s1", status="open")
    assert {row.tenant for row in rows(40) if is_wanted(row, chosen)} == {"a"}
    assert {row.session_id[:2] for row in rows(40) if is_wanted(row, chosen)} == {"s1"}
    for nothing in (Wanted(tenants=()), Wanted(tenants=("a",), tenant="b"), Wanted(status="closed")):
        assert not [row for row in rows(40) if is_wanted(row, nothing)]
