"""Fields and reasons of the door are a closed set, so that they can be labels of a metric.

The set is read from the code: each reason is a literal there, or made of literals and constants of its module.
"""

from __future__ import annotations

import ast
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.custom import KNOWN
from streams.door import Admitted, admit
from streams.events import Reject
from streams.identity import RAW_FIELDS
from streams.raw import RawEvent
from streams.schema import EXAMPLE
from tests.unit.at_the_door import ORIGIN, TENANTS
from tests.unit.test_door_properties import ENVELOPE, JSON, REST, mutated

ROOT = Path(__file__).parents[2]
FILES = [
    *(ROOT / "streams" / f"{name}.py" for name in ("custom", "door", "envelope", "privacy")),
    *sorted((ROOT / "streams/identity").glob("*.py")),
]
MAKERS = {"Bad": 0, "Dropped": 1, "RefusedError": 1}
FIELDS = frozenset(
    {
        *("", *RawEvent.__struct_fields__, "user_data.*", "user_data.fbclid", "custom_data.*"),
        *(f"user_data.{field}" for field in RAW_FIELDS),
        *(f"custom_data.{field}" for field in KNOWN),
        *(f"custom_data.contents.{field}" for field in ("id", "quantity", "item_price", "*")),
        *(f"consent.{purpose}" for purpose in ("ad_storage", "ad_user_data", "ad_personalization")),
    }
)


def reason_nodes(path: Path) -> Iterator[ast.expr]:
    """The reason of every `Bad(…)`, `Dropped(…)`, `RefusedError(…)`, unless it is passed on from another."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
            reason = node.args[MAKERS[node.func.id]]
            if not (isinstance(reason, ast.Attribute) and reason.attr == "reason"):
                yield reason


def words(path: Path, node: ast.expr) -> Iterator[str]:
    """The texts that an expression can be. Raises for one that is not made of literals and constants."""
    if isinstance(node, ast.IfExp):
        yield from words(path, node.body)
        yield from words(path, node.orelse)
        return
    names = {found.id for found in ast.walk(node) if isinstance(found, ast.Name)} - {"sorted"}
    assert all(name.isupper() for name in names), f"{path.name}:{node.lineno}: a reason that is not fixed"
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    yield eval(compile(ast.Expression(node), str(path), "eval"), vars(module))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_reason_is_fixed(path: Path) -> None:
    for node in reason_nodes(path):
        assert all(0 < len(word) < 160 for word in words(path, node))


REASONS = frozenset(word for path in FILES for node in reason_nodes(path) for word in words(path, node))


def test_the_set_is_small() -> None:
    assert 40 < len(REASONS) < 150 and len(FIELDS) < 80


def told(raw: bytes) -> list[tuple[str, str]]:
    found = admit(raw, TENANTS, ORIGIN)
    faults = [found] if isinstance(found, Reject) else found.dropped
    return [(fault.field, fault.reason) for fault in faults]


@settings(max_examples=300)
@given(changes=st.dictionaries(st.sampled_from(REST), JSON, min_size=1, max_size=4))
def test_what_is_dropped_is_in_the_set(changes: dict[str, Any]) -> None:
    for field, reason in told(mutated(changes)):
        assert field in FIELDS and reason in REASONS, (field, reason)


@given(field=st.sampled_from(ENVELOPE), value=JSON)
def test_what_is_refused_is_in_the_set(field: str, value: Any) -> None:
    for place, reason in told(mutated({field: value})):
        assert place in FIELDS and reason in REASONS | {"robot"}, (place, reason)


@given(raw=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_so_is_what_any_bytes_lead_to(raw: bytes) -> None:
    for place, reason in told(raw):
        assert place in FIELDS and reason in REASONS, (place, reason)


@pytest.mark.parametrize(
    "value",
    [
        *("\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"), "\U0001f4a9" * 400, "\x00" * 90),
        *("x" * 60_000, [[[[["x"]]]]], ["x"] * 9_000, {"x": {"x": {}}}, 10**400, -0.0, True, None, "", []),
    ],
    ids=lambda value: f"{type(value).__name__}-{str(value)[:6].encode('unicode_escape').decode()}",
)
@pytest.mark.parametrize("consent", ["granted", "limited", "denied"])
def test_hard_values_in_every_field(value: Any, consent: str) -> None:
    """Alone and all at once, as far as a record may be long: dropped or rejected, never an exception."""
    for field in (*REST, "user_data.fbclid", *ENVELOPE):
        for place, reason in told(mutated({"consent": consent, field: value})):
            assert place in FIELDS and reason in REASONS, (place, reason)


@pytest.mark.parametrize("field", ["event_name", "user_data", "custom_data", "event_source_url", "consent"])
def test_a_megabyte_is_refused_before_it_is_read(field: str) -> None:
    raw = json.dumps(EXAMPLE | {field: "x" * 1_000_000}).encode()
    assert told(raw) == [("", "is larger than 65536 bytes")]


def test_admitted_events_name_what_they_lost() -> None:
    found = admit(mutated({"user_data.ph": "none", "user_data.db": "yesterday"}), TENANTS, ORIGIN)
    assert isinstance(found, Admitted)
    assert {fault.field for fault in found.dropped} == {"user_data.ph", "user_data.db"}
