"""A lane's state by what the ledger has counted, whichever worker made the attempts."""

from __future__ import annotations

import math

import pytest

from streams.ledger.answers import Line, Point
from streams.ledger.lanes import lane_seen, lanes_seen, oldest_waiting, on_their_way, quantile_ms, quantile_s

NOON_MS = 1_764_072_000_000
NOW_MS = NOON_MS + 3_600_000
MINUTE_MS = 60_000


def minute(back: int, **counts: int) -> Point:
    """Counts of the minute that began `back` minutes ago."""
    at_ms = NOW_MS - back * MINUTE_MS
    return Point(at_ms=at_ms, tenant="shop", platform="meta", pixel_id="11", counts=counts)


def line(back: int, what: str, kind: str = "retry", pixel: str = "11") -> Line:
    at_ms = NOW_MS - back * MINUTE_MS + 30_000
    return Line(
        line_id=f"{back}{what}", at_ms=at_ms, kind=kind, tenant="shop", platform="meta", pixel_id=pixel, what=what
    )


@pytest.mark.parametrize(
    ("points", "lines", "state"),
    [
        ([], [], "quiet"),
        ([minute(3, queued=4)], [], "quiet"),
        ([minute(9, misconfigured=2), minute(3, delivered=4)], [], "open"),
        ([minute(9, delivered=2), minute(3, misconfigured=1)], [], "stopped"),
        ([minute(3, delivered=2, misconfigured=1)], [], "mixed"),
        ([minute(3, delivered=2, misconfigured=1)], [line(3, "misconfigured 190")], "stopped"),
        (
            [minute(3, delivered=2, misconfigured=1)],
            [line(2, "delivered", "delivered"), line(3, "misconfigured 190")],
            "open",
        ),
        ([minute(3, transient=2, misconfigured=1)], [], "stopped"),
        ([minute(3, delivered=2, misconfigured=1)], [line(9, "misconfigured 190")], "mixed"),
        ([minute(9, throttled=1), minute(3, delivered=2)], [], "throttled"),
        ([minute(20, throttled=1), minute(3, delivered=2)], [], "open"),
        ([minute(3, delivered=9, transient=1)], [], "open"),
        ([minute(3, transient=2)], [], "failing"),
        ([minute(9, transient=1), minute(3, transient=1)], [], "failing"),
        ([minute(3, transient=1)], [], "open"),
        ([minute(3, invalid=1)], [], "open"),
        ([minute(9, throttled=1), minute(3, misconfigured=1)], [], "stopped"),
    ],
)
def test_the_state(points: list[Point], lines: list[Line], state: str) -> None:
    assert lane_seen(points, lines, NOW_MS).state == state


def test_numbers_of_the_hour() -> None:
    points = [
        minute(50, delivered=10, post_200=1, age_1=10),
        minute(5, delivered=30, post_50=9, post_1500=1, age_5=28, age_300=2, misconfigured=3, parked=1),
    ]
    found = lane_seen(points, [line(5, "misconfigured 190"), line(9, "transient http 500")], NOW_MS)
    assert (found.delivered, found.per_minute, found.post_p50_ms, found.post_p95_ms) == (40, 3.0, 50, 1500)
    assert found.troubles == {"misconfigured": 3, "parked": 1}
    assert found.trouble == "misconfigured 190"
    assert (found.age_p50_s, found.age_p95_s) == (5, 5)
    assert found.last_delivered_ms == NOW_MS - 5 * MINUTE_MS


def test_a_line_knows_the_second_of_the_last_success() -> None:
    found = lane_seen([minute(5, delivered=1)], [line(5, "", "delivered")], NOW_MS)
    assert found.last_delivered_ms == NOW_MS - 5 * MINUTE_MS + 30_000


def test_quantiles_are_bounds() -> None:
    counts = {"age_1": 50, "age_5": 44, "age_more": 6}
    assert [quantile_s(counts, part) for part in (0.0, 0.5, 0.9, 0.95)] == [1, 1, 5, math.inf]
    assert quantile_s({}, 0.5) == 0
    posts = {"post_50": 5, "post_2500": 4, "post_more": 1, "age_1": 99}
    assert [quantile_ms(posts, part) for part in (0.5, 0.9, 0.95)] == [50, 2500, math.inf]


@pytest.mark.parametrize(
    ("points", "probe_ms"),
    [
        ([minute(9, misconfigured=1, probe_ms=7), minute(3, misconfigured=1, probe_ms=8)], 8),
        ([minute(3, misconfigured=1, probe_ms=8), minute(1, queued=4)], 8),
        ([minute(9, misconfigured=1, probe_ms=7), minute(3, delivered=1)], 0),  # it takes events again
        ([minute(9, transient=2), minute(3, transient=2)], 0),  # of workers of a release that did not say
        ([minute(3, throttled=1, probe_ms=9)], 9),
    ],
)
def test_the_next_try_is_what_the_last_failure_said(points: list[Point], probe_ms: int) -> None:
    assert lane_seen(points, [], NOW_MS).probe_ms == probe_ms


def test_lanes_are_told_apart_and_what_has_no_pixel_is_none() -> None:
    other = Point(at_ms=NOON_MS, tenant="shop", platform="meta", pixel_id="12", counts={"delivered": 1})
    whole = Point(at_ms=NOON_MS, tenant="shop", counts={"events": 9})
    seen = lanes_seen(
        [minute(3, misconfigured=1, delivered=1), other, whole],
        [line(3, "misconfigured 190"), line(3, "misconfigured 10", pixel="12")],
        NOW_MS,
    )
    assert {key[2]: lane.state for key, lane in seen.items()} == {"11": "stopped", "12": "stopped"}


def test_the_trouble_is_what_made_the_state() -> None:
    lines = [line(9, "misconfigured 190"), line(5, "invalid 100", "parked"), line(3, "misconfigured 190/463")]
    points = [minute(5, invalid=1), minute(3, misconfigured=1)]
    assert lane_seen(points, lines, NOW_MS).trouble == "misconfigured 190/463"
    assert lane_seen([minute(9, misconfigured=1)], [lines[0]], NOW_MS).trouble == "misconfigured 190"
    assert lane_seen([minute(5, invalid=1)], lines[:2], NOW_MS).trouble == "invalid 100"


def test_on_their_way_is_what_was_queued_and_has_not_ended() -> None:
    points = [minute(9, queued=5, acknowledged=2, ended=1), minute(3, queued=1, delivered=7)]
    assert on_their_way([*points, Point(at_ms=NOON_MS, tenant="shop", counts={"events": 9})]) == {
        ("shop", "meta", "11"): 3
    }


def test_the_oldest_that_waits_is_of_the_first_span_in_which_not_all_have_ended() -> None:
    points = [
        minute(90, queued=5, acknowledged=5),
        minute(80, queued=5, acknowledged=3, ended=1),
        minute(70, queued=9),
        Point(at_ms=NOON_MS, tenant="shop", platform="tiktok", pixel_id="C", counts={"queued": 1, "ended": 1}),
    ]
    assert oldest_waiting(reversed(points)) == {("shop", "meta", "11"): NOW_MS - 80 * MINUTE_MS}
