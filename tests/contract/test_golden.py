"""Requests and answers as files, to be read beside the vendors' pages that they cite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from sinks.platforms import rules
from sinks.platforms.contract import Delivered, Result
from streams.events import Job
from streams.settings import load_settings

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
RULES = rules(load_settings(meta_version="v26.0"))
ANSWERS = [
    (path.parent.name, answer)
    for path in sorted(GOLDEN.glob("*/answers.json"))
    for answer in msgspec.json.decode(path.read_bytes())["answers"]
]
REQUESTS = [path for path in sorted(GOLDEN.glob("*/*.json")) if path.name != "answers.json"]


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_request(path: Path) -> None:
    golden = msgspec.json.decode(path.read_bytes())
    jobs = msgspec.convert(golden["jobs"], list[Job])
    request = RULES[jobs[0].platform].build(jobs, jobs[0].pixel_id, golden["test_event_code"])
    assert msgspec.json.decode(request.body) == golden["request"]["body"]
    assert request.url == golden["request"]["url"]
    assert request.headers == golden["request"]["headers"]
    assert msgspec.to_builtins(request.token_header) == golden["request"]["token_header"]


@pytest.mark.parametrize(
    ("platform", "golden"), ANSWERS, ids=lambda part: part if isinstance(part, str) else part["name"]
)
def test_answer(platform: Any, golden: dict[str, Any]) -> None:
    body = golden["body"].encode() if isinstance(golden["body"], str) else msgspec.json.encode(golden["body"])
    result = RULES[platform].classify(golden["status"], golden["headers"], body, 2)
    expected = dict(golden["result"])
    warned = expected.pop("warned", False)
    assert described(result, expected.keys()) == expected
    assert not isinstance(result, Delivered) or bool(result.warning) == warned


def described(result: Result, names: Any) -> dict[str, Any]:
    """Those fields of a result that a golden answer speaks of."""
    return {name: type(result).__name__ if name == "type" else getattr(result, name) for name in names}


def test_there_are_golden_files() -> None:
    assert {path.parent.name for path in REQUESTS} == set(RULES) == {platform for platform, _ in ANSWERS}
