"""The shared checks: what may be sent of a field, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import msgspec
import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.platforms import tiktok as stand_in_tiktok
from sinks.platforms import PLATFORM_RULES
from sinks.platforms.meta import server_event
from sinks.platforms.tiktok import CURRENCIES, track_event
from streams.events import Platform, UserData
from streams.quality import ISO_4217, amount, amounts, items, person, refused, warnings
from streams.quality.items import NO_ITEM_ID, NO_LIST
from tests.contract.jobs import MARIA, NOW_MS, job

DAY_MS = 86_400_000
BAD_CLICKS = [
    "x",
    "fb.1.1795490000.a",
    "fb.1.1795490000000.",
    "fb.1.1795490000000.a b",
    f"fb.1.{NOW_MS - 91 * DAY_MS}.a",
]


def found(platform: Platform, **event: Any) -> dict[str, str]:
    """code -> severity"""
    problems = PLATFORM_RULES[platform].preflight(job(platform, **event), NOW_MS)
    return {problem.code: problem.severity for problem in problems}


def test_the_currencies_are_those_of_the_standard() -> None:
    assert {currency.alpha_3 for currency in pycountry.currencies} - {"XTS", "XXX"} == ISO_4217


def test_two_readings_of_tiktoks_currencies_agree() -> None:
    assert stand_in_tiktok.CURRENCIES == CURRENCIES
    assert {"BGN"} == CURRENCIES - ISO_4217


@pytest.mark.parametrize(
    ("custom", "meta", "tiktok"),
    [
        ({}, {"no_value": "refused", "no_currency": "refused"}, {"no_value": "warning", "no_currency": "warning"}),
        ({"value": 5}, {"no_currency": "refused"}, {"no_currency": "warning"}),
        ({"currency": "EUR"}, {"no_value": "refused"}, {"no_value": "warning"}),
        ({"value": 5, "currency": "XYZ"}, {"bad_currency": "refused"}, {"bad_currency": "warning"}),
        ({"value": 5, "currency": "MNT"}, {}, {"bad_currency": "warning"}),
        ({"value": True, "currency": "EUR"}, {"bad_value": "refused"}, {"bad_value": "warning"}),
        ({"value": 0, "currency": "eur"}, {}, {}),
    ],
)
def test_the_amount_of_a_purchase(custom: dict[str, Any], meta: dict[str, str], tiktok: dict[str, str]) -> None:
    assert found("meta", custom_data=custom) == meta
    assert found("tiktok", custom_data=custom) == tiktok


def test_other_events_go_without_an_amount_and_are_warned_about_half_of_one() -> None:
    assert found("meta", name="Lead", custom_data={}) == {}
    assert found("meta", name="Lead", custom_data={"value": 5}) == {"no_currency": "warning"}
    assert found("meta", name="Lead", custom_data={"value": "x"}) == {"bad_value": "warning"}


def test_a_value_whose_currency_cannot_be_sent_is_not_sent_in_another() -> None:
    members = amount({"value": 5_000_000, "currency": "MNT"}, CURRENCIES, False, required=False).members
    assert members == {}


@pytest.mark.parametrize("fbc", BAD_CLICKS)
def test_a_click_id_that_is_no_use_is_left_out_and_said(fbc: str) -> None:
    user = msgspec.structs.replace(MARIA, fbc=fbc)
    assert found("meta", user=user) == {"bad_fbc": "warning"}
    assert "fbc" not in server_event(job(user=user))["user_data"]
    alone = UserData(fbc=fbc)
    assert found("meta", user=alone)["no_key"] == "refused"


@pytest.mark.parametrize(
    "fbc", ["fb.1.1795490000000.a-_Z", "fb.2.1795490000000.a.AQIBAQIA", f"fb.1.{NOW_MS + DAY_MS}.a"]
)
def test_good_click_ids_are_sent_as_they_are(fbc: str) -> None:
    """Also one of a click after the event, which the session gave to the events before it."""
    user = msgspec.structs.replace(MARIA, fbc=fbc)
    assert person(job(user=user).event) == (user, ())


def test_pages_and_agents_of_websites() -> None:
    bare = msgspec.structs.replace(MARIA, client_user_agent="")
    missing = {"event_source_url": "", "user": bare}
    assert found("meta", **missing) == {"no_url": "warning", "no_user_agent": "warning"}
    assert found("tiktok", **missing) == {"no_url": "refused"}
    for platform in PLATFORM_RULES:
        assert found(platform, action_source="physical_store", **missing) == {}


def test_limited_consent_is_told_to_both_in_their_words() -> None:
    meta, tiktok = server_event(job(consent="limited")), track_event(job(consent="limited"))
    assert meta["data_processing_options"] == ["LDU"]
    assert (meta["data_processing_options_country"], meta["data_processing_options_state"]) == (0, 0)
    assert tiktok["limited_data_use"] is True
    assert "limited_data_use" not in track_event(job(consent="granted"))
    assert "data_processing_options" not in server_event(job(consent="granted"))


@pytest.mark.parametrize("days", [8, 63])
def test_sales_in_shops_may_be_older_at_meta(days: int) -> None:
    old = {"event_time_ms": NOW_MS - days * DAY_MS, "action_source": "physical_store"}
    assert found("tiktok", **old) == {"too_old": "refused"}
    # the click of MARIA was this week: after those events, which is no fault
    assert found("meta", **old) == ({} if days <= 62 else {"too_old": "refused"})


# Everything that is ever said of custom_data: fixed words.
KNOWN = {
    *(amounts.NO_VALUE, amounts.BAD_VALUE, amounts.NO_CURRENCY, amounts.BAD_CURRENCY, *amounts.PURCHASE.values()),
    *(msgspec.structs.replace(problem, severity="refused") for problem in (NO_ITEM_ID, NO_LIST)),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["value", "currency", "contents", "own"]), JSON),
    st.sampled_from([*PLATFORM_RULES]),
)
def test_any_custom_data_has_an_answer_that_never_holds_a_value(
    custom: dict[str, Any], platform: Platform
) -> None:
    problems = PLATFORM_RULES[platform].preflight(job(platform, custom_data=custom), NOW_MS)
    assert len(refused(problems)) + len(warnings(problems)) == len(problems)
    assert {msgspec.structs.replace(problem, severity="refused") for problem in problems} <= KNOWN


@given(JSON)
def test_items_are_objects_with_an_id(contents: Any) -> None:
    members, problems = items({"contents": contents}, ("id", "content_id"))
    whole = contents is None or (isinstance(contents, list) and len(members) == len(contents))
    assert whole == (problems == ())
