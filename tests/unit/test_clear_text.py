"""Ids that are somebody's address or number, and what the central site looks for in a client's events."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from agents.collect.ids import uuid7
from streams.clear_text import clear_in
from streams.door import Admitted, Origin, admit
from streams.events import Event, Reject, UserData
from streams.privacy import hides_email, is_phone
from streams.tenants import parse_tenants

TENANTS = parse_tenants("[tenants.default]")
EMAIL = "Ada.Lovelace+shop@example.com"
GOOD = Event(event_id="order-1", event_name="Purchase", event_time_ms=1, tenant="default", session_id="visit-1")


@pytest.mark.parametrize(
    ("ident", "reason"),
    [
        (EMAIL, "holds an e-mail address"),
        (EMAIL.upper(), "holds an e-mail address"),
        (f"visit:{EMAIL}", "holds an e-mail address"),
        (quote(EMAIL), "holds an e-mail address"),
        (quote(quote(EMAIL)), "holds an e-mail address"),
        (EMAIL.replace("@", "\uff20"), "holds an e-mail address"),
        (b64encode(EMAIL.encode()).decode(), "holds an e-mail address"),
        (b64encode(EMAIL.encode()).decode().rstrip("="), "holds an e-mail address"),
        (b64encode(b"visit of ada@example.com").decode(), "holds an e-mail address"),
        ("+49 30 901820", "is a phone number"),
        ("+4930901820", "is a phone number"),
        ("%2B4930901820", "is a phone number"),
    ],
)
@pytest.mark.parametrize("field", ["session_id", "event_id"])
def test_an_id_that_tells_of_a_person_is_refused_at_the_door(field: str, ident: str, reason: str) -> None:
    raw = {"event_name": "Purchase", "session_id": "visit-1", "event_id": "order-1", field: ident}
    refused = admit(json.dumps(raw).encode(), TENANTS, Origin("capi.events", 0, 0, 1_795_000_000_000))
    assert isinstance(refused, Reject)
    assert (refused.field, refused.reason) == (field, reason)
    assert "random" in refused.fix
    assert ident not in str(refused)
    assert clear_in(msgspec.structs.replace(GOOD, **{field: ident})) == field


@pytest.mark.parametrize(
    "ident",
    [
        *(uuid7(1_795_000_000_000 + n) for n in range(500)),
        "visit-7f3a",
        "1795000000000.123456789",
        "4930901820",
        "GA1.2.1234567890.1795000000",
        "order@17",
        "2026-11-24T20:00:00+0100",
        "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b",
        "c2hvcHBpbmc=",
        "Zm9vQGJhcg==",
    ],
)
def test_other_ids_pass(ident: str) -> None:
    assert not hides_email(ident)
    assert not is_phone(ident)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"event_name": f"Bought by {EMAIL}"}, "event_name"),
        ({"event_source_url": f"https://shop.example/?email={quote(EMAIL)}"}, "event_source_url"),
        ({"referrer_url": "https://shop.example/?reset_token=1"}, "referrer_url"),
        ({"user": UserData(em=(EMAIL,))}, "user.em"),
        ({"user": UserData(ph=("4930901820",))}, "user.ph"),
        ({"user": UserData(external_id=("a" * 64, "customer-7"))}, "user.external_id"),
        ({"user": UserData(city=EMAIL)}, "user.city"),
        ({"custom_data": {"order_id": EMAIL}}, "custom_data"),
        ({"custom_data": {"contents": [{"id": "1", "for": {"whom": EMAIL}}]}}, "custom_data"),
        ({"custom_data": {"own": {"phone": "1"}}}, "custom_data"),
        ({"custom_data": {EMAIL: "own key"}}, "custom_data"),
        ({"test_event_code": EMAIL}, "test_event_code"),
    ],
)
def test_a_clients_event_with_clear_text_is_told_by_its_path(change: dict[str, Any], field: str) -> None:
    assert clear_in(msgspec.structs.replace(GOOD, **change)) == field


def test_what_is_nested_without_end_is_told_too() -> None:
    deep: dict[str, Any] = {"a": 1}
    for _ in range(5_000):
        deep = {"a": deep}
    assert clear_in(msgspec.structs.replace(GOOD, custom_data=deep)) == "custom_data"


def test_what_a_door_let_through_passes() -> None:
    user = {
        "em": EMAIL,
        "ph": "+49 30 901820",
        "fn": "Ada",
        "ct": "Berlin",
        "country": "DE",
        "client_ip": "198.51.100.7",
    }
    raw = {
        "event_name": "Purchase",
        "session_id": "v",
        "user_data": user,
        "custom_data": {"value": 1, "note": EMAIL},
    }
    found = admit(json.dumps(raw).encode(), TENANTS, Origin("capi.events", 0, 0, 1_795_000_000_000))
    assert isinstance(found, Admitted)
    assert found.event.user.em
    assert clear_in(found.event) == ""
