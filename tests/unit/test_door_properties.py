"""The door takes any bytes: never an exception, always the same answer, never a clear address behind it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clear_text import clear_in
from streams.door import Admitted, Origin, admit
from streams.events import Reject, decode_event, encode
from streams.identity import RAW_FIELDS
from streams.raw import RawEvent
from streams.schema import EXAMPLE
from streams.tenants import parse_tenants

TENANTS = parse_tenants('[tenants.default]\ndefault_country = "US"\n')
ORIGIN = Origin("capi.events", 1, 2, 1_795_000_000_000)
SECRET = "mallory@example.org"
REST = (
    *("event_source_url", "referrer_url", "browser_fired", "user_data", "custom_data"),
    *(f"user_data.{name}" for name in RAW_FIELDS),
    *(f"custom_data.{name}" for name in ("value", "currency", "contents", "order_id", "search_string", "own")),
)
ENVELOPE = tuple(RawEvent.__struct_fields__)
LEAKS = st.sampled_from([SECRET, f"https://shop.example/{SECRET}", f"https://shop.example/?q={SECRET}&a=1"])
SCALARS = (
    LEAKS
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.text(alphabet="a|@.%")
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just(SECRET), inner, max_size=3),
    max_leaves=6,
)


def answer(raw: bytes) -> Admitted | Reject:
    found = admit(raw, TENANTS, ORIGIN)
    assert admit(raw, TENANTS, ORIGIN) == found
    if isinstance(found, Admitted):
        assert decode_event(encode(found.event)) == found.event
        assert clear_in(found.event) == "", "the central site takes what a door has let through"
    return found


def mutated(changes: dict[str, Any]) -> bytes:
    event: dict[str, Any] = json.loads(json.dumps(EXAMPLE))
    for path, value in changes.items():
        parent, _, name = path.rpartition(".")
        target = event.get(parent) if parent else event
        if isinstance(target, dict):
            target[name] = value
    return json.dumps(event).encode()


@given(raw=st.binary(max_size=400))
def test_any_bytes(raw: bytes) -> None:
    answer(raw)


@given(value=JSON)
def test_any_json(value: Any) -> None:
    answer(json.dumps(value).encode())


@given(cut=st.integers(0, 700), byte=st.integers(0, 255), length=st.integers(0, 5))
def test_a_good_event_with_bytes_spoiled(cut: int, byte: int, length: int) -> None:
    raw = json.dumps(EXAMPLE).encode()
    answer(raw[:cut] + bytes([byte]) * length + raw[cut + length :])


@settings(max_examples=300)
@given(changes=st.dictionaries(st.sampled_from(REST), JSON, min_size=1, max_size=3))
def test_spoiled_data_is_dropped_and_the_event_goes_on(changes: dict[str, Any]) -> None:
    found = answer(mutated(changes))
    assert isinstance(found, Admitted)
    assert "mallory" not in encode(found.event).decode()
    assert "mallory" not in str(found.dropped)


@given(field=st.sampled_from(ENVELOPE), value=JSON)
def test_a_spoiled_envelope_is_refused_without_its_value(field: str, value: Any) -> None:
    found = answer(mutated({field: value}))
    assert SECRET.encode() not in encode(found if isinstance(found, Reject) else found.event)


@given(text=st.text("abcdefgh0123456789", min_size=9, max_size=40), field=st.sampled_from(ENVELOPE + REST))
def test_no_reason_repeats_what_was_given(text: str, field: str) -> None:
    found = answer(mutated({field: text}))
    said = (
        [found.reason + found.field] if isinstance(found, Reject) else [f.reason + f.field for f in found.dropped]
    )
    assert not any(text in words for words in said)
