"""The documents say what is there: commands, targets, files, settings, topics, and an example that is taken."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agents.cli import VERBS
from streams.door import Admitted, Origin, admit
from streams.settings import Settings, load_settings
from streams.tenants import load_tenants, parse_tenants
from streams.topics import topics

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
OPERATED = [ROOT / "README.md", ROOT / "docs/operations.md", ROOT / "docs/tenants.md"]
TENANTS = load_tenants(ROOT / "deploy/tenants.example.toml")


def text_of(*paths: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_every_make_target_is_in_the_makefile() -> None:
    there = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.M))
    assert set(re.findall(r"(?m)(?:`|^ *)make ([a-z-]+)", text_of(*OPERATED))) <= there


def test_every_verb_is_described_and_every_described_verb_exists() -> None:
    named = set(re.findall(r"`capi ([a-z]+)", text_of(*OPERATED)))
    assert named == set(VERBS)


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"CAPI_([A-Z_]+[A-Z])", text_of(*OPERATED)))
    assert named <= {name.upper() for name in Settings.model_fields}


def test_every_topic_that_is_named_exists() -> None:
    settings = load_settings(namespace="capi")
    topic = r"capi\.(?:events|sessions\.in|visitors\.in|ledger\.in|erased|batches|rejects|outcomes)"
    named = set(re.findall(topic, text_of(*OPERATED)))
    assert named == {spec.name for spec in topics(settings) if spec.name.startswith("capi.")}


def example_events() -> list[dict[str, Any]]:
    readme = text_of(ROOT / "README.md")
    scope: dict[str, Any] = {}
    snippet = re.search(r"```python\n(.*?)```", readme, re.S)
    assert snippet
    indented = re.sub(r"^   ", "", snippet[1], flags=re.M)
    exec(indented.partition("\n\n\nasync def")[0], scope)
    shell = re.search(r"echo 'visit-7f3a\|(\{.*?\})'", readme)
    assert shell
    return [scope["EVENT"], json.loads(shell[1])]


@pytest.mark.parametrize("event", example_events(), ids=lambda event: event["event_name"])
def test_the_readme_s_events_pass_the_door(event: dict[str, Any]) -> None:
    answer = admit(json.dumps(event).encode(), TENANTS, Origin("capi.events", 0, 0, 1_764_000_000_000))
    assert isinstance(answer, Admitted), answer
    assert answer.dropped == ()


def test_the_tenants_example_is_taken() -> None:
    example = re.search(r"```toml\n(.*?)```", text_of(ROOT / "docs/tenants.md"), re.S)
    assert example
    assert parse_tenants(example[1]).tenants["shop"].destinations[0].event_names["Subscribe"] == ""


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs/decisions"
    index = text_of(folder / "README.md")
    assert [path.name for path in sorted(folder.glob("0*.md")) if path.name not in index] == []
