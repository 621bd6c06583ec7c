"""A raw record as a whole: what is admitted as what, what is refused, what an event survives."""

from __future__ import annotations

import json

import pytest

from streams.door import Admitted, admit
from streams.events import Event, Reject, UserData, decode_event, encode
from streams.identity.hashes import sha256_hex
from tests.unit.at_the_door import LEAST, ORIGIN, RECORD_MS, TENANTS, admitted, answer


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
        opt_out=True,
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
        opt_out=True,
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
