"""`custom_data`: typed where known, own keys kept, the rest dropped with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from streams.custom import MAX_DEPTH, MAX_ITEMS, MAX_KEYS, read_custom


def kept(raw: Any) -> dict[str, Any]:
    return read_custom(raw)[0]


def faults(raw: Any) -> list[str]:
    return [fault.field for fault in read_custom(raw)[1]]


def test_known_fields_get_their_types() -> None:
    assert kept(
        {
            "value": "12.50",
            "currency": " eur ",
            "num_items": "2",
            "order_id": 1001,
            "content_ids": ["a", 2],
            "content_type": "product",
            "contents": [{"id": 1, "quantity": "2", "item_price": "6.25", "colour": "red"}],
            "search_string": "garden chair",
            "predicted_ltv": 100,
        }
    ) == {
        "value": 12.5,
        "currency": "EUR",
        "num_items": 2,
        "order_id": "1001",
        "content_ids": ["a", "2"],
        "content_type": "product",
        "contents": [{"id": "1", "quantity": 2, "item_price": 6.25, "colour": "red"}],
        "search_string": "garden chair",
        "predicted_ltv": 100,
    }


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("value", "abc"),
        ("value", True),
        ("value", "nan"),
        ("value", "inf"),
        ("value", "1_0"),
        ("value", 10**400),
        ("value", []),
        ("currency", "EURO"),
        ("currency", "€"),
        ("currency", 978),
        ("num_items", 1.5),
        ("num_items", "many"),
        ("order_id", {}),
        ("order_id", "x" * 2_000),
        ("order_id", 10**2_000),
        ("search_string", "write to alice@example.com"),
        ("content_ids", [["a"]]),
        ("content_ids", []),
        ("content_ids", ["a"] * (MAX_ITEMS + 1)),
        ("content_ids", ["alice@example.com"]),
    ],
)
def test_a_bad_field_is_dropped_and_the_others_stay(field: str, given: Any) -> None:
    raw = {field: given, "status": "open"}
    assert kept(raw) == {"status": "open"}
    assert faults(raw) == [f"custom_data.{field}"]


def test_items_without_an_id_are_dropped() -> None:
    raw = {"contents": [{"quantity": 1}, {"id": "a"}, "b", None, {"id": ""}]}
    assert kept(raw) == {"contents": [{"id": "a"}]}
    assert faults(raw) == ["custom_data.contents"] * 4
    assert kept({"contents": []}) == {}
    assert kept({"contents": {"id": "a", "quantity": None}}) == {"contents": [{"id": "a"}]}


def test_tiktoks_names_of_an_item_are_understood() -> None:
    assert kept({"contents": [{"content_id": "a", "price": "3"}]}) == {
        "contents": [{"id": "a", "item_price": 3.0}]
    }
    both = {"contents": [{"id": "a", "content_id": "b"}]}
    assert kept(both) == {"contents": [{"id": "a", "content_id": "b"}]}


def test_own_keys_are_kept_as_they_are() -> None:
    own = {"loyalty": {"tier": "gold", "points": [1, 2.5, None, True]}, "gift": False, "none": 0}
    assert kept(own) == own
    assert faults(own) == []


@pytest.mark.parametrize(
    "raw",
    [
        {"note": "call alice@example.com"},
        {"note": {"deep": ["alice%40example.com"]}},
        {"alice@example.com": 1},
        {"email": "x"},
        {"billing": {"phone": "6505551212"}},
        {"": 1},
        {"k" * 65: 1},
        {"big": 10**20},
        {"text": "x" * 2_000},
        {"many": [0] * (MAX_ITEMS + 1)},
    ],
)
def test_own_keys_that_are_personal_or_too_large_are_dropped(raw: dict[str, Any]) -> None:
    assert kept(raw) == {}
    assert faults(raw) == ["custom_data.*"]


def test_own_values_have_a_greatest_depth() -> None:
    value: Any = "leaf"
    for _ in range(MAX_DEPTH - 1):
        value = [value]
    assert kept({"own": value}) == {"own": value}
    assert kept({"own": [value]}) == {}


def test_only_so_many_keys() -> None:
    raw = {f"k{number}": number for number in range(MAX_KEYS + 5)}
    assert len(kept(raw)) == MAX_KEYS
    assert faults(raw) == ["custom_data"]


def test_personal_data_in_an_item_is_dropped() -> None:
    raw = {"contents": [{"id": "a", "engraving": "alice@example.com", "email": "x"}]}
    assert kept(raw) == {"contents": [{"id": "a"}]}
