"""The fields that must be right: times, names, ids, consent, browser copies."""

from __future__ import annotations

import json

import pytest

from streams.door import Admitted, admit
from streams.events import Reject
from tests.unit.at_the_door import LEAST, ORIGIN, RECORD_MS, TENANTS, admitted, answer, refused


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
        ("opt_out", "yes"),
        ("opt_out", 1),
        ("test_event_code", "a b"),
        ("test_event_code", "x" * 65),
        ("identity", "merge"),
        ("identity", True),
        ("consent", "perhaps"),
        ("consent", "LIMITED"),
        ("consent", "G111"),
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
    ("given", "expected"),
    [
        (None, ""),
        ("", ""),
        ("granted", "granted"),
        ("limited", "limited"),
        ("denied", "denied"),
        (True, "granted"),
        (False, "denied"),
        ({}, ""),
        ({"ad_storage": "granted", "ad_user_data": "granted", "ad_personalization": "denied"}, "limited"),
        ({"ad_storage": "granted", "ad_user_data": "granted", "ad_personalization": "granted"}, "granted"),
        ({"ad_storage": "denied", "ad_user_data": "denied", "ad_personalization": "denied"}, "denied"),
        ({"ad_user_data": "denied", "ad_personalization": "granted"}, "denied"),
        ({"ad_storage": "denied", "ad_user_data": "granted"}, "denied"),
        ({"ad_storage": "granted", "ad_user_data": "denied"}, "denied"),
        ({"ad_personalization": "denied"}, "limited"),
        ({"ad_personalization": "granted"}, ""),
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
