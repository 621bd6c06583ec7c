"""What to fix first, and the shares that it is made from."""

from __future__ import annotations

import csv
from io import StringIO

import msgspec
import pytest

from agents.quality_csv import HEAD, quality_csv, safe
from streams.events import USER_FIELDS
from streams.ledger.advice import Advice, advice
from streams.ledger.answers import QualityRow, ReasonCount
from streams.ledger.shares import FRESH_S, match_keys, shares

ALL_META = dict.fromkeys(match_keys("meta"), 100)
GOOD = QualityRow(
    tenant="shop",
    platform="meta",
    event_name="Purchase",
    events=100,
    own=ALL_META,
    score_sum=1000,
    scored=100,
    delivered=100,
    merged=50,
    alone=50,
    ages={"age_1": 90, "age_300": 10},
)


def changed(**values: object) -> QualityRow:
    return msgspec.structs.replace(GOOD, **values)


def codes(row: QualityRow) -> list[str]:
    return [one.code for one in advice(shares([row]))]


def first(row: QualityRow) -> Advice:
    return advice(shares([row]))[0]


def test_what_is_well_needs_no_advice() -> None:
    assert codes(GOOD) == []


def test_the_key_whose_points_add_up_to_most_is_advised() -> None:
    own = ALL_META | {"em": 40, "ph": 0}  # 60 % lack 3 points, all lack 2.5
    found = first(changed(own=own, score_sum=500))
    assert (found.code, found.events, found.cost) == ("missing_key", 100, 250)
    assert "no ph." in found.what
    assert "about 2.5" in found.what


def test_what_the_backfill_brought_is_not_missing() -> None:
    row = changed(own=ALL_META | {"em": 10}, backfilled={"em": 90}, score_sum=900)
    assert codes(row) == []
    (seen,) = shares([row])
    em = next(key for key in seen.keys if key.field == "em")
    assert (em.own, em.backfilled, em.have, seen.enriched) == (0.1, 0.9, 1.0, 0.9)


def test_a_key_that_brings_nothing_more_at_full_marks_is_not_advised() -> None:
    assert codes(changed(own=ALL_META | {"ge": 0})) == []


def test_address_and_agent_count_together_and_only_what_lacks_is_named() -> None:
    found = first(changed(own=ALL_META | {"client_ip": 0}, score_sum=500))
    assert "no client_ip." in found.what


def test_names_are_those_of_the_public_event() -> None:
    own = dict.fromkeys(match_keys("tiktok"), 100) | {"ph_e164": 0}
    assert "no ph." in first(changed(platform="tiktok", own=own, score_sum=500)).what


@pytest.mark.parametrize(
    ("values", "code", "word"),
    [
        ({"ages": {"age_300": 50, "age_14400": 50}}, "stale", "two hours"),
        ({"merged": 40, "discarded": 10}, "discarded", 'hold = "adaptive"'),
        ({"twice": 1}, "twice", "count twice"),
    ],
)
def test_late_events_and_copies(values: dict[str, object], code: str, word: str) -> None:
    found = first(changed(**values))
    assert found.code == code
    assert word in found.what
    assert found.docs.startswith("docs/")


def test_an_event_without_browser_copies_beside_one_that_has_them() -> None:
    cart = changed(event_name="AddToCart", merged=0, alone=100)
    found = advice(shares([GOOD, cart]))
    assert [(one.code, one.event_name) for one in found] == [("alone", "AddToCart")]
    assert codes(cart) == []  # with no copy at all, the shop has no pixel in the browser


def test_refused_events_cost_most() -> None:
    reason = ReasonCount(
        reason="no currency", field="custom_data.currency", tenant="shop", platform="meta", count=40, last_ms=1
    )
    found = advice(shares([changed(merged=40, discarded=10)]), [reason])
    assert [one.code for one in found] == ["refused", "discarded"]
    assert found[0].what.startswith("40 events would be refused by the platform")


def test_the_trend_is_against_the_period_before() -> None:
    (seen,) = shares([changed(score_sum=720)], [changed(score_sum=650)])
    assert (seen.score, seen.score_before, seen.trend) == (7.2, 6.5, 0.7)
    (alone,) = shares([GOOD])
    assert alone.trend is None


def test_freshness_counts_within_each_line() -> None:
    (seen,) = shares([changed(ages={"age_300": 1, "age_7200": 1, "age_86400": 1, "age_more": 1})])
    assert seen.fresh == dict(zip(FRESH_S, (0.25, 0.5, 0.75), strict=True))


def test_nothing_was_delivered_scored_or_seen() -> None:
    (seen,) = shares([QualityRow(tenant="shop", platform="meta", event_name="Lead")])
    assert (seen.score, seen.fresh, seen.enriched) == (None, {}, 0.0)
    assert advice([seen]) == ()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"


def test_the_table_has_a_cell_for_each_column() -> None:
    head, line = csv.reader(StringIO(quality_csv(shares([changed(event_name='=HYPERLINK("x")')]))))
    cells = dict(zip(head, line, strict=True))
    assert tuple(head) == HEAD
    assert cells["event_name"] == '\'=HYPERLINK("x")'
    assert (cells["events"], cells["score"], cells["em_own"], cells["ttclid_own"]) == ("100", "10.0", "1.0", "")
    assert cells["within_300_s"] == "1.0"
    assert all(f"{field}_backfilled" in cells for field in USER_FIELDS)
