"""What `make audit` says of what it is told: advisories that are not reached, secrets that are new."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from deploy.audit import advisories
from deploy.audit.advisories import verdict
from deploy.audit.secrets import Found, detectors_off, differences, scan

SKIPPED = {"name": "a", "skip_reason": "a (1.0) could not be audited"}
WELL = {"name": "b", "version": "1.0", "vulns": []}
ILL = {"name": "c", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}


def test_a_known_vulnerability_and_a_package_that_was_left_out_fail() -> None:
    assert verdict([WELL]).well
    assert "c 2.0: PYSEC-1, mended in 2.1" in verdict([WELL, ILL]).said
    assert not verdict([WELL, ILL]).well
    assert not verdict([WELL, SKIPPED]).well


@pytest.mark.parametrize(("required", "passes"), [("", True), ("required", False)])
def test_nobody_to_ask_is_said_and_fails_only_where_it_must(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], required: str, passes: bool
) -> None:
    monkeypatch.setenv(advisories.REQUIRED, required)
    monkeypatch.setattr(advisories, "_asked", lambda: [SKIPPED])
    assert advisories.vulnerabilities() == passes
    assert "NOT CHECKED" in capsys.readouterr().out


@pytest.mark.parametrize("line", ['TOKEN = "EAA{}"', 'key = "{}"', 'url = "amqp://shop:{}@rabbit/"'])
def test_a_secret_in_a_file_is_found(tmp_path: Path, line: str) -> None:
    file = tmp_path / "settings.py"
    file.write_text(line.format(secrets.token_hex(20)))
    found = list(scan([str(file)]))
    assert found
    new, gone = differences(found, {"no longer"})
    assert len(new) == len(found)
    assert gone == ["no longer is nowhere any more"]
    assert differences(found, {one.digest for one in found}) == ([], [])


def test_in_tests_words_say_nothing_and_in_vectors_neither_do_digests() -> None:
    assert detectors_off("agents/cli.py") == set()
    assert detectors_off("tests/site.py") == {"KeywordDetector"}
    assert "HexHighEntropyString" in detectors_off("tests/data/x.json")
    assert Found("a", "1", 1, "x") < Found("b", "1", 1, "x")
