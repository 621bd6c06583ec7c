"""The published schema is what the code says, and agrees with the door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from agents.cli import app
from streams.door import Admitted, Origin, admit
from streams.schema import EXAMPLE, event_schema, schema_text
from streams.tenants import parse_tenants

ROOT = Path(__file__).parents[2]
EXAMPLES = [json.loads(line) for line in (ROOT / "tests/data/raw_events.jsonl").read_text("utf-8").splitlines()]
TENANTS = parse_tenants("[tenants.default]\n")
ORIGIN = Origin("capi.events", 0, 0, 1_795_000_000_000)
VALIDATOR = jsonschema.Draft202012Validator(event_schema())


def test_the_published_file_is_what_the_code_says() -> None:
    assert (ROOT / "docs/event.schema.json").read_text("utf-8") == schema_text(), "run: capi schema --write"


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(event_schema())


@pytest.mark.parametrize("event", [EXAMPLE, *EXAMPLES], ids=lambda event: str(event["event_name"]))
def test_schema_and_door_accept_the_examples_whole(event: dict[str, Any]) -> None:
    VALIDATOR.validate(event)
    found = admit(json.dumps(event).encode(), TENANTS, ORIGIN)
    assert isinstance(found, Admitted) and found.dropped == ()


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("event_name", None),
        ("event_name", ""),
        ("session_id", "a|b"),
        ("session_id", "a\x00"),
        ("session_id", ""),
        ("session_id", "x" * 129),
        ("event_id", []),
        ("event_id", "x" * 129),
        ("timestamp", []),
        ("timestamp", True),
        ("action_source", "fax"),
        ("consent", "perhaps"),
        ("consent", {"ad_storage": "perhaps"}),
        ("identity", "merge"),
        ("browser_fired", ["other"]),
        ("browser_fired", "meta"),
        ("user_data", "alice"),
        ("user_data", {"em": {"a": 1}}),
        ("user_data", {"em": [1.5]}),
        ("custom_data", {"contents": [{"quantity": 1}]}),
        ("custom_data", {"currency": "EURO"}),
        ("custom_data", []),
    ],
)
def test_neither_takes_a_mistake_unseen(field: str, given: object) -> None:
    event = EXAMPLE | {field: given}
    assert not VALIDATOR.is_valid(event)
    found = admit(json.dumps(event).encode(), TENANTS, ORIGIN)
    assert not isinstance(found, Admitted) or found.dropped


def test_the_command_prints_checks_and_writes(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    call = CliRunner().invoke
    assert call(app, ["schema", "--check", "--file", str(file)]).exit_code == 1
    assert call(app, ["schema", "--write", "--file", str(file)]).exit_code == 0
    assert call(app, ["schema", "--check", "--file", str(file)]).exit_code == 0
    assert call(app, ["schema"]).stdout == file.read_text("utf-8") == schema_text()
