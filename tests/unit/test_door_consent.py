"""A denied event leaves the door as a denial and nothing else; a limited one as it is."""

from __future__ import annotations

from typing import Any

import pytest

from streams.door import Admitted
from streams.events import Event, UserData
from streams.identity.hashes import sha256_hex
from tests.unit.at_the_door import RECORD_MS, admitted, answer, refused

EVERYTHING: dict[str, Any] = {
    "event_name": "Purchase",
    "event_id": "order-1",
    "event_source_url": "https://shop.example/?fbclid=IwAR",
    "referrer_url": "https://search.example/",
    "user_data": {
        "em": "alice@example.com",
        "external_id": "user-1",
        "fbp": "fb.1.1794990000000.1098115397",
        "ttp": "2Xq9",
        "ttclid": "E.C.P.y",
        "fbc": "fb.1.1794990000000.IwAR",
        "client_ip": "192.0.2.1",
        "client_user_agent": "Mozilla/5.0",
    },
    "custom_data": {"value": 1, "currency": "EUR", "note": "blue"},
    "browser_fired": True,
    "test_event_code": "TEST1",
    "identity": "replace",
}


@pytest.mark.parametrize("consent", ["denied", False, {"ad_storage": "denied"}, {"ad_user_data": "denied"}])
def test_only_what_finds_the_visitor_again_stays(consent: object) -> None:
    assert admitted(**EVERYTHING, consent=consent) == Event(
        event_id="order-1",
        event_name="Purchase",
        event_time_ms=RECORD_MS,
        tenant="default",
        session_id="s-1",
        user=UserData(external_id=(sha256_hex("user-1"),), fbp="fb.1.1794990000000.1098115397", ttp="2Xq9"),
        consent="denied",
    )


def test_a_limited_event_keeps_everything() -> None:
    whole, limited = admitted(**EVERYTHING), admitted(**EVERYTHING, consent="limited")
    assert limited.consent == "limited"
    assert limited.user == whole.user and limited.custom_data == whole.custom_data


@pytest.mark.parametrize(
    "mistake",
    [
        {"action_source": "fax"},
        {"test_event_code": "a b"},
        {"identity": "merge"},
        {"event_source_url": 7},
        {"custom_data": 7},
        {"user_data": {"em": {}, "client_user_agent": "Googlebot/2.1"}},
    ],
)
def test_a_withdrawal_is_heard_in_spite_of_mistakes(mistake: dict[str, Any]) -> None:
    found = answer(**(EVERYTHING | mistake), consent="denied")
    assert isinstance(found, Admitted)
    assert (found.event.consent, found.event.robot, found.dropped) == ("denied", False, ())


def test_a_bad_key_of_a_denial_is_dropped() -> None:
    found = answer(consent="denied", user_data={"fbp": "none", "external_id": "user-1"})
    assert isinstance(found, Admitted) and found.event.user.external_id
    assert [fault.field for fault in found.dropped] == ["user_data.fbp"]


@pytest.mark.parametrize("field", ["event_name", "session_id", "event_id", "timestamp", "tenant"])
def test_a_denial_has_to_say_whose(field: str) -> None:
    assert refused(**{"consent": "denied", field: "\x00"}) == field
