"""What a provisioner prints, and the exit code that scripts rely on."""

from __future__ import annotations

import json

import pytest

from agents.changes import Row, report

CREATE, REFUSED, EXTRA = ("a", "create", ""), ("b", "refused", "is [odd]"), ("c", "extra", "old")


@pytest.mark.parametrize(
    ("rows", "plan_code", "apply_code"),
    [([], 0, 0), ([CREATE], 1, 0), ([REFUSED], 1, 1), ([EXTRA], 0, 0), ([CREATE, REFUSED, EXTRA], 1, 1)],
)
def test_exit_codes(rows: list[Row], plan_code: int, apply_code: int) -> None:
    assert report(rows, what="topic", applied=False, json=True) == plan_code
    assert report(rows, what="topic", applied=True, json=True) == apply_code


def test_json_holds_every_change(capsys: pytest.CaptureFixture[str]) -> None:
    report([CREATE, EXTRA], what="topic", applied=False, json=True)
    said = json.loads(capsys.readouterr().out)
    assert said["changes"][1] == {"topic": "c", "action": "extra", "why": "old"}
    assert said["applied"] is False


def test_the_table_cuts_nothing_off(capsys: pytest.CaptureFixture[str]) -> None:
    report([("x" * 200, "create", "is [odd]")], what="topic", applied=True, json=False)
    said = capsys.readouterr().out
    assert said.count("x") == 200
    assert "[odd]" in said


def test_nothing_to_do_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    report([], what="topic", applied=False, json=False)
    assert "as it should be" in capsys.readouterr().out
