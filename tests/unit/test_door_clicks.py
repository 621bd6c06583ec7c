"""Meta's and TikTok's click ids at the door: where they come from, and which cookie makes one superfluous."""

from __future__ import annotations

from typing import Any

import pytest

from streams.door import Admitted
from streams.identity.clicks import click_of, mint_fbc
from tests.unit.at_the_door import admitted, answer

TIME_S = 1_795_000_000
TIME_MS = TIME_S * 1000
DAY_MS = 86_400_000
CLICK = "IwAR2F4-dbP0l7Mn1IawQQGCINEz7PYXQvwjNwB_qa2ofrHyiLjcbCRxTDMgk"
URL = f"https://shop.example/?a=1&fbclid={CLICK}&ttclid=E.C.P.y#top"


def fbclid(user: dict[str, Any], url: str = "") -> str:
    return admitted(timestamp=TIME_S, user_data=user, event_source_url=url).fbclid


def test_the_landing_url_brings_both_and_nothing_is_minted() -> None:
    event = admitted(event_source_url=URL, timestamp=TIME_S)
    assert (event.fbclid, event.user.ttclid, event.user.fbc) == (CLICK, "E.C.P.y", "")
    assert event.event_source_url == URL


def test_what_the_shop_says_goes_before_the_url() -> None:
    event = admitted(event_source_url=URL, user_data={"ttclid": "own", "fbclid": "Own"})
    assert (event.fbclid, event.user.ttclid) == ("Own", "own")


@pytest.mark.parametrize("own", ["", None, "a b", ["a b", ""], [], 7.5, {}])
def test_the_url_counts_where_the_shop_says_nothing_usable(own: object) -> None:
    event = admitted(event_source_url=URL, user_data={"ttclid": own, "fbclid": own})
    assert (event.fbclid, event.user.ttclid) == (CLICK, "E.C.P.y")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("fbclid=IwAR%2Dx%5FY", "IwAR-x_Y"),
        ("fbclid=IwAR%252Dx", ""),  # decoded once
        ("fbclid=AbC&fbclid=dEf", "AbC"),
        ("fbclid=", ""),
        ("fbclid=a+b", ""),
        ("fbclid=%FF", ""),
        ("xfbclid=IwAR", ""),
        ("fbclid=" + "x" * 1_000, "x" * 1_000),
        ("fbclid=" + "x" * 1_001, ""),
        ("fbclid=alice%40example.com", ""),
    ],
)
def test_a_click_id_of_a_url(query: str, expected: str) -> None:
    assert fbclid({}, f"https://shop.example/?{query}") == expected


@pytest.mark.parametrize("given", ["a b", "alice@example.com", "x" * 1_001, "", True, {}, [[]]])
def test_a_malformed_click_id_is_dropped_with_its_name(given: object) -> None:
    found = answer(user_data={"fbclid": given})
    assert isinstance(found, Admitted) and found.event.fbclid == ""
    assert {fault.field for fault in found.dropped} == {"user_data.fbclid"}


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        (f"fb.1.{TIME_MS - 5}.{CLICK}", ""),
        (f"fb.1.{TIME_MS - 5}.{CLICK}.AQIBAQIA", ""),
        ([f"fb.1.{TIME_MS - 5}.{CLICK}"], ""),
        (f" fb.2.{TIME_MS - 5}.{CLICK} ", ""),
        (f"fb.1.{TIME_MS - 91 * DAY_MS}.{CLICK}", ""),  # an old click is not made young
        (f"fb.1.{TIME_MS - 5}.{CLICK.lower()}", CLICK),  # case counts: another click
        (f"fb.1.{TIME_MS - 5}.Other", CLICK),
        (f"fb.1.{TIME_S}.{CLICK}", CLICK),  # seconds: dropped, the click is still good
        (f"fb.1.{TIME_MS + DAY_MS}.{CLICK}", CLICK),
        ("nonsense", CLICK),
        (7, CLICK),
        (None, CLICK),
    ],
)
def test_a_cookie_of_the_same_click_dates_it(cookie: object, expected: str) -> None:
    assert fbclid({"fbclid": CLICK, "fbc": cookie}) == expected
    assert fbclid({"fbc": cookie}, URL) == expected


def test_a_cookie_of_another_click_stays_byte_exact() -> None:
    cookie = f"fb.1.{TIME_MS - 5}.Other-x_Y.AQIBAQIA"
    event = admitted(timestamp=TIME_S, user_data={"fbc": cookie}, event_source_url=URL)
    assert (event.user.fbc, event.fbclid) == (cookie, CLICK)


def test_ids_are_never_invented() -> None:
    event = admitted(event_source_url="https://shop.example/", user_data={"em": "alice@example.com"})
    assert (event.user.fbp, event.user.ttp, event.user.fbc, event.user.ttclid, event.fbclid) == ("",) * 5


@pytest.mark.parametrize(
    ("fbc", "click"),
    [(mint_fbc(CLICK, TIME_MS), CLICK), (f"fb.1.{TIME_MS}.a.b", "a"), ("fb.1.2", ""), ("", "")],
)
def test_the_click_in_a_cookie(fbc: str, click: str) -> None:
    assert click_of(fbc) == click
