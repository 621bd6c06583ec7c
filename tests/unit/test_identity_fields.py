"""A whole `user_data` object: what is kept, what is dropped, and what it costs the rest (nothing)."""

from __future__ import annotations

from typing import Any

import msgspec
import pycountry
import pytest

from streams.events import UserData
from streams.identity import RAW_FIELDS, Dropped, normalise
from streams.identity.country_table import TABLE
from streams.identity.hashes import sha256_hex
from streams.identity.matching import NORMALISERS, match
from streams.identity.states import STATES

NOW_MS = 1_795_000_000_000


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
    ["", "  ", True, 1.5, {}, {"a": 1}, [[]], [None], "x" * 2_000, "x" * 1_000_000, "\ud800", 10**2000, 10**5000],
    ids=lambda value: f"{value.bit_length()} bits" if type(value) is int else repr(value)[:9],
)
@pytest.mark.parametrize("field", ["em", "ph", "country", "external_id", "fbc", "ttclid", "client_ip"])
def test_what_is_no_text_is_dropped(field: str, value: Any) -> None:
    user, faults = normalise({field: value}, "US", NOW_MS)
    assert user == UserData()
    assert {fault.field for fault in faults} == {f"user_data.{field}"}


@pytest.mark.parametrize("field", RAW_FIELDS)
@pytest.mark.parametrize(
    "value", [b"\xff\xfe".decode("latin-1"), "\x00" * 64, "😀" * 300, [["a"], {"b": 1}, None, 1.5]]
)
def test_binary_emoji_and_nested_lists_never_raise(field: str, value: Any) -> None:
    kept({field: value}, "US")


def test_the_same_value_in_two_spellings_is_one() -> None:
    assert kept({"ph": ["(650) 555-1212", "+1 650 555 1212", 16505551212]}, "US").ph == (
        sha256_hex("16505551212"),
    )
    assert kept({"country": ["US", "United States", sha256_hex("us").upper()]}).country == (sha256_hex("us"),)


def test_the_first_usable_country_of_a_list_is_the_users() -> None:
    assert kept({"ph": "06 12 34 56 78", "country": ["", "Atlantis", "France"]}, "US").ph == (
        sha256_hex("33612345678"),
    )


def test_an_unknown_country_leaves_the_tenants() -> None:
    assert kept({"ph": "650 555 1212", "country": "Atlantis"}, "US").ph == (sha256_hex("16505551212"),)


def test_nobody_is_born_after_the_event() -> None:
    user, faults = normalise({"db": ["2026-11-20", "2026-11-18"]}, "", NOW_MS)
    assert user.db == (sha256_hex("20261118"),)
    assert faults == (Dropped("user_data.db", "is after the event"),)


def test_reasons_do_not_hold_the_value() -> None:
    secret = "zebra-7731"
    for field in RAW_FIELDS:
        for value in (secret, f"{secret}@", f"@{secret}", secret * 200, [secret, {"a": secret}]):
            _, faults = normalise({field: value}, "US", NOW_MS)
            assert not [fault for fault in faults if "zebra" in fault.reason or "7731" in fault.reason]


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


def test_the_first_usable_value_of_a_clear_field_counts() -> None:
    assert kept({"client_ip": ["nowhere", "192.0.2.1", "192.0.2.2"]}).client_ip == "192.0.2.1"


@pytest.mark.parametrize("region", STATES)
def test_a_code_of_a_state_is_its_own_normal_form(region: str) -> None:
    assert all(STATES[region][code] == code for code in STATES[region].values())


@pytest.mark.parametrize("region", STATES)
def test_codes_of_states_are_those_of_iso_3166_2(region: str) -> None:
    parts = pycountry.subdivisions.get(country_code=region)  # type: ignore[no-untyped-call]
    iso = {part.code[3:].lower() for part in parts}
    not_iso = {"US": {"aa", "ae", "ap"}, "IT": {"ao"}}  # military mail; the Aosta Valley has a number as a region
    assert set(STATES[region].values()) - iso == not_iso.get(region, set())


@pytest.mark.parametrize("country", list(pycountry.countries), ids=lambda country: country.alpha_2)
def test_every_name_that_iso_3166_1_has_is_known(country: Any) -> None:
    for name in ("name", "official_name", "common_name"):
        found = match("country", getattr(country, name, country.name), "")
        assert found == match("country", country.alpha_2, ""), name


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


HASH = sha256_hex("alice@example.com")


@pytest.mark.parametrize(
    "text",
    [HASH, HASH.upper(), f"  {HASH} ", f"\ufeff{HASH}", f"{HASH}.AQIBAQIA", f"{HASH}.AQMAAQAB", f"{HASH}.Ag"],
)
@pytest.mark.parametrize("field", [*NORMALISERS, "ph_e164"])
def test_what_came_hashed_is_never_hashed_again(field: str, text: str) -> None:
    user, faults = normalise({field: text}, "", NOW_MS)
    assert (getattr(user, field), faults) == ((HASH,), ())
    assert msgspec.to_builtins(user) == {field: (HASH,)}


@pytest.mark.parametrize("text", [sha256_hex(""), sha256_hex("").upper(), f"{sha256_hex('')}.AQIBAQIA"])
@pytest.mark.parametrize("field", [*NORMALISERS, "ph_e164"])
def test_the_hash_of_nothing_is_never_sent(field: str, text: str) -> None:
    assert normalise({field: text}, "", NOW_MS)[1] == (
        Dropped(f"user_data.{field}", "is the hash of an empty text"),
    )


@pytest.mark.parametrize("digits", [32, 40, 56, 96, 128])
@pytest.mark.parametrize("appendix", ["", ".AQIAAQAB"])
@pytest.mark.parametrize("field", [field for field in NORMALISERS if field != "external_id"])
def test_other_hashes_are_dropped(field: str, digits: int, appendix: str) -> None:
    user, faults = normalise({field: "ab12" * (digits // 4) + appendix}, "US", NOW_MS)
    assert user == UserData()
    assert "SHA-256 only" in faults[0].reason


@pytest.mark.parametrize("text", [HASH[:-1], f"{HASH}0", f"{HASH}.AQ.AQ", f"{HASH}.zz"])
def test_what_is_nearly_a_hash_is_no_address(text: str) -> None:
    assert kept({"em": text}) == UserData()
