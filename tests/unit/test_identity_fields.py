"""A whole `user_data` object: what is kept, what is dropped, and what it costs the rest (nothing)."""

from __future__ import annotations

from typing import Any

import pytest

from streams.events import UserData
from streams.identity import Dropped, normalise
from streams.identity.country_table import TABLE
from streams.identity.hashes import sha256_hex
from streams.identity.matching import match

NOW_MS = 1_795_000_000_000
DAY_MS = 86_400_000
CLICK = f"fb.1.{NOW_MS - DAY_MS}.IwAR2-x_Y"


def kept(raw: dict[str, Any], region: str = "") -> UserData:
    return normalise(raw, region, NOW_MS)[0]


def dropped(raw: dict[str, Any], region: str = "") -> list[str]:
    return [fault.field for fault in normalise(raw, region, NOW_MS)[1]]


def test_nothing_given_is_nobody() -> None:
    assert normalise({}, "US", NOW_MS) == (UserData(), ())
    assert normalise({"em": None, "fbp": None}, "US", NOW_MS) == (UserData(), ())


def test_lists_keep_their_order_without_repeats() -> None:
    user = kept({"em": ["b@example.com", "A@example.com", "a@example.com"]})
    assert user.em == (sha256_hex("b@example.com"), sha256_hex("a@example.com"))


def test_numbers_are_read_as_text() -> None:
    assert kept({"external_id": 42, "zp": 94305, "db": 19970216, "country": "us"}) == kept(
        {"external_id": "42", "zp": "94305", "db": "19970216", "country": "us"}
    )


def test_the_users_own_country_goes_before_the_tenants() -> None:
    assert kept({"ph": "06 12 34 56 78", "country": "France"}, "US").ph == (sha256_hex("33612345678"),)
    assert kept({"ph": "650 555 1212", "country": sha256_hex("fr")}, "US").ph == (sha256_hex("16505551212"),)
    assert dropped({"ph": "06 12 34 56 78"}, "US") == ["user_data.ph"]


def test_a_bad_field_leaves_the_others() -> None:
    user, faults = normalise({"em": "nobody", "ph": "oops", "fn": "Alice", "age": 30}, "US", NOW_MS)
    assert user == UserData(fn=(sha256_hex("alice"),))
    assert faults == (
        Dropped("user_data.em", "needs exactly one @"),
        Dropped("user_data.ph", "is not a phone number"),
        Dropped("user_data.*", "is no field that is known here"),
    )


@pytest.mark.parametrize(
    "value",
    ["", "  ", True, 1.5, {}, {"a": 1}, [[]], [None], "x" * 2_000, "\ud800", 10**2000],
    ids=lambda value: repr(value)[:9],
)
@pytest.mark.parametrize("field", ["em", "ph", "country", "external_id", "fbc", "ttclid", "client_ip"])
def test_what_is_no_text_is_dropped(field: str, value: Any) -> None:
    user, faults = normalise({field: value}, "US", NOW_MS)
    assert user == UserData()
    assert {fault.field for fault in faults} == {f"user_data.{field}"}


def test_too_many_values_keep_the_first_ten() -> None:
    user, faults = normalise({"em": [f"a{i}@example.com" for i in range(12)]}, "", NOW_MS)
    assert len(user.em) == 10
    assert [fault.field for fault in faults] == ["user_data.em"]


def test_a_phone_that_came_hashed_serves_one_platform_only() -> None:
    meta, tiktok = sha256_hex("16505551212"), sha256_hex("+16505551212")
    assert kept({"ph": meta}) == UserData(ph=(meta,))
    assert kept({"ph_e164": tiktok}) == UserData(ph_e164=(tiktok,))
    assert dropped({"ph_e164": "+16505551212"}) == ["user_data.ph_e164"]


def test_tiktok_gets_the_place_in_the_clear_unless_it_came_hashed() -> None:
    user = kept({"ct": "New York", "st": "NY", "country": "USA"})
    assert (user.city, user.state, user.country_code) == ("newyork", "ny", "us")
    assert kept({"ct": sha256_hex("newyork")}).city == ""


@pytest.mark.parametrize(
    ("raw", "fbc"),
    [
        ({"fbc": CLICK}, CLICK),
        ({"fbc": f"{CLICK}.AQIBAQIA"}, f"{CLICK}.AQIBAQIA"),
        ({"fbclid": "IwAR2-x_Y"}, f"fb.1.{NOW_MS}.IwAR2-x_Y"),
        ({"fbclid": "IwAR2-x_Y", "fbc": CLICK}, CLICK),
        ({"fbc": CLICK, "fbclid": "IwAR2-x_Y"}, CLICK),
        ({"fbc": "fb.1.nonsense", "fbclid": "IwAR2-x_Y"}, f"fb.1.{NOW_MS}.IwAR2-x_Y"),
        ({"fbc": f"fb.1.{NOW_MS - 90 * DAY_MS}.a"}, f"fb.1.{NOW_MS - 90 * DAY_MS}.a"),
        ({"fbc": f"fb.1.{NOW_MS - 90 * DAY_MS - 1}.a"}, ""),
        ({"fbc": f"fb.1.{NOW_MS // 1000}.a"}, ""),
        ({"fbc": "fb.1.1795000000000."}, ""),
        ({"fbclid": "a b"}, ""),
        ({"fbclid": "alice@example.com"}, ""),
    ],
)
def test_click_id_of_meta(raw: dict[str, Any], fbc: str) -> None:
    assert kept(raw).fbc == fbc


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("fbp", "fb.1.1596403881668.1098115397", "fb.1.1596403881668.1098115397"),
        ("fbp", "fb.1.1596403881668.1098115397.AQIBAQIA", "fb.1.1596403881668.1098115397.AQIBAQIA"),
        ("fbp", "1098115397", ""),
        ("ttp", "2Xq9-Ab_c.tt.1", "2Xq9-Ab_c.tt.1"),
        ("ttclid", "E.C.P." + "x" * 994, "E.C.P." + "x" * 994),
        ("ttclid", "x" * 1_001, ""),
        ("ttclid", "a b", ""),
        ("client_ip", "192.0.2.1", "192.0.2.1"),
        ("client_ip", "2001:0DB8::0001", "2001:db8::1"),
        ("client_ip", "::ffff:192.0.2.1", "192.0.2.1"),
        ("client_ip", "fe80::1%eth0", "fe80::1"),
        ("client_ip", "localhost", ""),
        ("client_ip", "192.0.2.1, 192.0.2.2", ""),
        ("client_user_agent", "Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)"),
        ("client_user_agent", "a\nb", ""),
        ("client_user_agent", "Robot/1.0 (robot@example.com)", ""),
    ],
)
def test_what_goes_in_the_clear(field: str, text: str, expected: str) -> None:
    assert getattr(kept({field: text}), field) == expected


def test_the_first_usable_value_of_a_clear_field_counts() -> None:
    assert kept({"client_ip": ["nowhere", "192.0.2.1", "192.0.2.2"]}).client_ip == "192.0.2.1"


@pytest.mark.parametrize("line", TABLE.splitlines(), ids=lambda line: line[:2])
def test_every_country_is_known_by_codes_and_names(line: str) -> None:
    alpha2, alpha3, names = line.split(" ", 2)
    for name in (alpha2, alpha3, *names.split("|")):
        assert match("country", name, "") == match("country", alpha2, ""), name


def test_the_table_of_countries_is_whole() -> None:
    codes = [line[:2] for line in TABLE.splitlines()]
    assert len(codes) == len(set(codes)) == 249


@pytest.mark.parametrize("field", ["fn", "ln", "ge", "db", "ct", "st", "zp", "country"])
@pytest.mark.parametrize("text", ["alice@example.com", "alice＠example.com"])
def test_an_address_in_the_wrong_field_goes_nowhere(field: str, text: str) -> None:
    assert kept({field: text}, "FR") == UserData()


@pytest.mark.parametrize("field", ["ct", "st", "country"])
def test_a_phone_in_the_wrong_field_goes_nowhere(field: str) -> None:
    assert kept({field: "+33 6 12 34 56 78"}, "FR") == UserData()
