"""What the Overview computes of the ledger's counts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.console.overview import by_minute, deliveries, flushes, in_all, minutes
from streams.ledger.answers import AGE_BOUNDS_S, Point
from streams.ledger.lanes import quantile_s

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
NAMES = [f"age_{bound}" for bound in AGE_BOUNDS_S] + ["age_more"]
BOUNDS = [float(bound) for bound in AGE_BOUNDS_S] + [float("inf")]


def point(at_ms: int, platform: str = "", tenant: str = "shop", pixel_id: str = "1", **counts: int) -> Point:
    pixel_id = pixel_id if platform else ""
    return Point(at_ms=at_ms, tenant=tenant, platform=platform, pixel_id=pixel_id, counts=counts)


@pytest.mark.parametrize("now_ms", [HOUR_MS * 5, HOUR_MS * 5 + 1, HOUR_MS * 5 + 59_999])
def test_minutes_are_whole_and_end_before_the_one_under_way(now_ms: int) -> None:
    found = minutes(now_ms, HOUR_MS)
    assert (len(found), found[0], found[-1]) == (60, 4 * HOUR_MS, 5 * HOUR_MS - MINUTE_MS)


def test_a_minute_adds_tenants_and_pixels_up_and_one_without_anything_is_nought() -> None:
    points = [
        point(0, "meta", delivered=3),
        point(0, "meta", pixel_id="2", delivered=4),
        point(0, "meta", tenant="other", delivered=5),
        point(0, "tiktok", delivered=100),
        point(0, delivered=1_000),
        point(2 * MINUTE_MS, "meta", delivered=7, queued=9),
        point(9 * MINUTE_MS, "meta", delivered=1),  # not asked for
    ]
    assert by_minute(points, "delivered", [0, MINUTE_MS, 2 * MINUTE_MS], "meta") == [12, 0, 7]


def test_the_whole_counts_the_minute_under_way_and_no_platform_s() -> None:
    points = [point(0, events=3), point(MINUTE_MS, events=2), point(MINUTE_MS, "meta", events=9)]
    assert in_all(points, "events") == 5


def test_flushes_are_by_reason_the_most_frequent_first() -> None:
    points = [point(0, flush_idle=2, flush_purchase=3, batches=9), point(MINUTE_MS, flush_idle=4)]
    assert list(flushes([*points, point(0, "meta", flush_size=99)]).items()) == [("idle", 6), ("purchase", 3)]


def test_a_platform_has_its_own_figures() -> None:
    points = [
        point(0, "meta", delivered=3, throttled=1, transient=2, parked=1, age_30=1, age_1800=1, purchase_age_1=1),
        point(0, "meta", delivered=1, age_604800=1),
        point(0, "tiktok", queued=1),
        point(0, events=50, age_1=1_000),
    ]
    meta, tiktok = deliveries(points)
    assert (meta.platform, meta.delivered, meta.retry, meta.parked) == ("meta", 4, 3, 1)
    assert (meta.age_p50_s, meta.age_p95_s) == (1800, 604_800)
    assert (meta.purchase_p50_s, meta.purchase_p95_s) == (1, 1)
    assert (tiktok.delivered, tiktok.age_p50_s, tiktok.purchase_p95_s) == (0, 0, 0)


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), min_size=len(NAMES), max_size=len(NAMES)), st.sampled_from([0.5, 0.95]))
def test_a_quantile_is_that_of_all_ages_in_order(numbers: list[int], part: float) -> None:
    """The oracle writes each age out and counts to the event that `part` of them are not older than."""
    ages = [bound for bound, number in zip(BOUNDS, numbers, strict=True) for _ in range(number)]
    found = quantile_s(dict(zip(NAMES, numbers, strict=True)), part)
    if not ages:
        assert found == 0
        return
    assert found in ages
    assert sum(age <= found for age in ages) >= part * len(ages)
    assert sum(age < found for age in ages) < part * len(ages)
