"""The envelope of a raw event: what is admitted as what, and what is refused for which field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.door import Admitted, Origin, admit
from streams.events import Event, Reject, UserData, decode_event, encode
from streams.identity.hashes import sha256_hex
from streams.tenants import parse_tenants

TENANTS = parse_tenants('[tenants.default]\n[tenants.shop]\ndefault_country = "US"\n')
RECORD_MS = 1_795_000_000_123
ORIGIN = Origin("capi.events", 3, 42, RECORD_MS)
LEAST = {"event_name": "ViewContent", "session_id": "s-1"}


def answer(**fields: Any) -> Admitted | Reject:
    return admit(json.dumps(LEAST | fields).encode(), TENANTS, ORIGIN)


def admitted(**fields: Any) -> Event:
    found = answer(**fields)
    assert isinstance(found, Admitted), found
    return found.event


def refused(**fields: Any) -> str:
    found = answer(**fields)
    assert isinstance(found, Reject), found
    return found.field


def test_a_whole_event() -> None:
    event = admitted(
        event_name="Purchase",
        event_id="order-1001",
        tenant="shop",
        timestamp=1_795_000_000,
        event_source_url="https://shop.example/thanks",
        referrer_url="https://search.example/",
        user_data={"em": "Alice@example.com", "ph": "(650) 555-1212", "client_ip": "192.0.2.1"},
        custom_data={"value": "59.90", "currency": "usd"},
        browser_fired=["tiktok"],
        consent="granted",
        test_event_code="TEST123",
        identity="replace",
    )
    assert event == Event(
        event_id="order-1001",
        event_name="Purchase",
        event_time_ms=1_795_000_000_000,
        tenant="shop",
        session_id="s-1",
        event_source_url="https://shop.example/thanks",
        referrer_url="https://search.example/",
        user=UserData(
            em=(sha256_hex("alice@example.com"),),
            ph=(sha256_hex("16505551212"),),
            ph_e164=(sha256_hex("+16505551212"),),
            client_ip="192.0.2.1",
        ),
        custom_data={"value": 59.9, "currency": "USD"},
        browser_fired=("tiktok",),
        consent="granted",
        test_event_code="TEST123",
        replace_identity=True,
    )
    assert decode_event(encode(event)) == event


def test_the_least_event() -> None:
    event = admitted()
    assert (event.tenant, event.action_source, event.event_time_ms) == ("default", "website", RECORD_MS)
    assert event.user == UserData()


def test_an_identify_event_is_admitted() -> None:
    assert admitted(event_name="Identify", user_data={"em": "alice@example.com"}).user.em


def test_an_issued_event_id_is_a_function_of_the_record() -> None:
    raw = json.dumps(LEAST).encode()
    ids = {
        admitted().event_id,
        *(
            found.event.event_id
            for origin in (ORIGIN, ORIGIN._replace(offset=43), ORIGIN._replace(partition=4))
            if isinstance(found := admit(raw, TENANTS, origin), Admitted)
        ),
    }
    assert len(ids) == 3
    assert admitted(event_id="").event_id == admitted(event_id=None).event_id == admitted().event_id


@pytest.mark.parametrize(
    ("given", "expected_ms"),
    [
        (1_795_000_000, 1_795_000_000_000),
        (1_795_000_000_456, 1_795_000_000_456),
        (1_795_000_000.25, 1_795_000_000_250),
        ("1795000000", 1_795_000_000_000),
        ("1795000000456", 1_795_000_000_456),
        ("1795000000.5", 1_795_000_000_500),
        (None, RECORD_MS),
        ("", RECORD_MS),
    ],
)
def test_seconds_and_milliseconds_are_told_apart(given: object, expected_ms: int) -> None:
    assert admitted(timestamp=given).event_time_ms == expected_ms


@pytest.mark.parametrize(
    "given", [0, -1, 5, 10**11, 10**15, 1e30, "2026-11-24T06:00:00Z", "soon", "１７９５００００００", True, [], {}]
)
def test_other_timestamps_are_refused(given: object) -> None:
    assert refused(timestamp=given) == "timestamp"


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("event_name", ""),
        ("event_name", " "),
        ("event_name", "x" * 101),
        ("event_name", "a\nb"),
        ("event_name", 7),
        ("event_name", None),
        ("event_name", "alice@example.com"),
        ("session_id", ""),
        ("session_id", "a|b"),
        ("session_id", "x" * 129),
        ("session_id", "a\x00"),
        ("session_id", "alice@example.com"),
        ("session_id", "alice%40example.com"),
        ("session_id", None),
        ("session_id", []),
        ("event_id", "x" * 129),
        ("event_id", "a\tb"),
        ("event_id", ["a"]),
        ("event_id", "order-alice@example.com"),
        ("tenant", "nobody"),
        ("tenant", 1),
        ("action_source", "fax"),
        ("action_source", 1),
        ("test_event_code", "a b"),
        ("test_event_code", "x" * 65),
        ("identity", "merge"),
        ("identity", True),
        ("consent", "perhaps"),
        ("consent", "limited"),
        ("consent", 1),
        ("consent", []),
    ],
)
def test_a_wrong_envelope_is_refused_by_field(field: str, given: object) -> None:
    assert refused(**{field: given}) == field


@pytest.mark.parametrize("field", ["event_name", "session_id"])
def test_a_missing_field_is_named(field: str) -> None:
    raw = json.dumps({name: value for name, value in LEAST.items() if name != field}).encode()
    found = admit(raw, TENANTS, ORIGIN)
    assert found == Reject(topic="capi.events", partition=3, offset=42, field=field, reason="is missing")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "is not JSON"),
        (b"\x00\xff\xfe", "is not JSON"),
        (b"event", "is not JSON"),
        (b'{"event_name":', "is not JSON"),
        (b'{"event_name":"A","session_id":"a","custom_data":{"value":NaN}}', "is not JSON"),
        (b'{"event_name":"A","session_id":"a"} x', "is not JSON"),
        (b'{"event_name":"A","session_id":"\\ud800 alone"}', "is not JSON"),
        (b'{"event_name":"A","session_id":"\xff"}', "is not UTF-8"),
        (b"null", "is not an object"),
        (b"[1]", "is not an object"),
        (
            b'{"event_name":"A","session_id":"a","custom_data":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
            "is nested too deep",
        ),
        (b'{"event_name":"A","session_id":"a","x":"' + b"x" * 65_536 + b'"}', "is larger than 65536 bytes"),
    ],
)
def test_what_is_no_event_is_refused_as_a_whole(raw: bytes, reason: str) -> None:
    assert admit(raw, TENANTS, ORIGIN) == Reject(topic="capi.events", partition=3, offset=42, reason=reason)


def test_a_number_out_of_range_is_refused_by_field() -> None:
    raw = b'{"event_name":"A","session_id":"a","custom_data":{"value":1e999}}'
    found = admit(raw, TENANTS, ORIGIN)
    assert isinstance(found, Reject) and found.field == "custom_data"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ""),
        ("", ""),
        ("granted", "granted"),
        ("denied", "denied"),
        (True, "granted"),
        (False, "denied"),
        ({}, ""),
        ({"ad_storage": "granted", "ad_user_data": "granted", "ad_personalization": "denied"}, "granted"),
        ({"ad_storage": "denied", "ad_user_data": "granted"}, "denied"),
        ({"ad_storage": "granted", "ad_user_data": "denied"}, "denied"),
        ({"ad_personalization": "denied"}, ""),
        ({"analytics_storage": "denied"}, ""),
    ],
)
def test_consent(given: object, expected: str) -> None:
    assert admitted(consent=given).consent == expected


@pytest.mark.parametrize("purpose", ["ad_storage", "ad_user_data", "ad_personalization"])
@pytest.mark.parametrize("given", ["perhaps", True, 1, []])
def test_consent_of_a_purpose_has_to_be_clear(purpose: str, given: object) -> None:
    assert refused(consent={purpose: given}) == f"consent.{purpose}"


@pytest.mark.parametrize(
    ("given", "expected", "faults"),
    [
        (None, (), 0),
        (False, (), 0),
        (True, ("meta", "tiktok"), 0),
        ([], (), 0),
        (["tiktok", "meta"], ("meta", "tiktok"), 0),
        (["meta", "other"], ("meta",), 1),
        ("meta", (), 1),
        ([1], (), 1),
        ({}, (), 1),
    ],
)
def test_browser_fired(given: object, expected: tuple[str, ...], faults: int) -> None:
    found = answer(browser_fired=given)
    assert isinstance(found, Admitted)
    assert found.event.browser_fired == expected
    assert [fault.field for fault in found.dropped] == ["browser_fired"] * faults


@pytest.mark.parametrize("field", ["user_data", "custom_data", "event_source_url", "referrer_url"])
@pytest.mark.parametrize("given", [7, "text without sense", [1], True])
def test_an_event_survives_what_it_can_do_without(field: str, given: object) -> None:
    found = answer(**{field: given})
    assert isinstance(found, Admitted)
    assert [fault.field for fault in found.dropped] == [field]


def test_a_tenant_that_is_refused_is_not_repeated() -> None:
    found = answer(tenant="alice@example.com")
    assert isinstance(found, Reject)
    assert b"alice" not in encode(found)


def test_a_reject_names_tenant_and_event_where_they_are_known() -> None:
    found = answer(tenant="shop", event_id="order-7", consent="perhaps")
    assert isinstance(found, Reject)
    assert (found.tenant, found.event_id) == ("shop", "order-7")


def test_click_ids_of_the_landing_url_are_taken_where_none_came() -> None:
    url = "https://shop.example/?a=1&fbclid=IwAR_x&ttclid=E.C.P.y#top"
    event = admitted(event_source_url=url, timestamp=1_795_000_000)
    assert event.user.fbc == "fb.1.1795000000000.IwAR_x"
    assert event.user.ttclid == "E.C.P.y"
    assert event.event_source_url == url
    own = admitted(event_source_url=url, user_data={"ttclid": "own", "fbc": "fb.1.1794000000000.own"})
    assert (own.user.ttclid, own.user.fbc) == ("own", "fb.1.1794000000000.own")
