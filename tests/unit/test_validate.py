"""`capi validate`: what it says of a file, and what it never says."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from agents.cli import main
from agents.validation import Validator, records
from streams.raw import MAX_RECORD_BYTES
from streams.tenants import parse_tenants
from tests.site import META, TENANTS, TIKTOK

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests/data/validate_events.jsonl"
NOW_MS = 1_795_500_000_000


@pytest.fixture
def validate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Runs the command in this process; answers exit code, stdout and stderr."""
    (tmp_path / "tenants.toml").write_text(TENANTS + "[tenants.shop]\n")
    monkeypatch.setenv("CAPI_TENANTS", str(tmp_path / "tenants.toml"))
    monkeypatch.setenv("COLUMNS", "250")

    def run(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["capi", "validate", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def test_json_says_for_each_line_what_would_become_of_it(validate: Any) -> None:
    code, out, _ = validate("--json", str(SAMPLE))
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [row["line"] for row in rows] == [1, 2, 3, 4, 5, 6]
    said = [
        [sorted({p["code"] for p in d["problems"] if p["severity"] == "refused"}) for d in row["destinations"]]
        for row in rows
    ]
    assert said == [
        [[], []],
        [["no_currency", "no_value"], []],
        [[], ["no_url"]],
        [],
        [],
        [["too_old"], ["too_old"]],
    ]
    good = rows[0]["destinations"]
    assert [(d["platform"], d["pixel_id"], d["score"]) for d in good] == [
        ("meta", META, 10),
        ("tiktok", TIKTOK, 9.5),
    ]
    assert (good[1]["best_missing_key"], good[1]["gain"]) == ("ttclid", 0.5)
    assert [found["field"] for found in rows[1]["dropped"]] == ["user_data.ph"]
    assert rows[4]["rejected"]["reason"] == "is not JSON"
    assert all(p["fix"] for row in rows for d in row["destinations"] for p in d["problems"])


def test_the_table_says_the_same_and_sums_up(validate: Any) -> None:
    code, out, _ = validate(str(SAMPLE))
    assert code == 1
    for word in (
        "good",
        "no-amount",
        "Purchase without a value",
        "dropped user_data.ph",
        "is not JSON",
        "summary",
    ):
        assert word in out
    assert "+0.5 with ttclid" in out


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_no_clear_personal_data_is_printed(validate: Any, arguments: tuple[str, ...]) -> None:
    _, out, err = validate(*arguments, str(SAMPLE))
    for private in ("ada", "grace", "example.com", "650", "192.0.2.7"):
        assert private not in out + err


def test_a_good_file_from_stdin(validate: Any) -> None:
    first = SAMPLE.read_bytes().splitlines()[0]
    assert validate("-", stdin=first)[0] == 0
    assert validate("-", stdin=b"\n")[0] == 0


def test_one_platform_only(validate: Any) -> None:
    code, out, _ = validate("--json", "--platform", "tiktok", "-", stdin=SAMPLE.read_bytes().splitlines()[1])
    assert code == 0, "TikTok takes a purchase without an amount"
    assert [d["platform"] for d in json.loads(out)["destinations"]] == ["tiktok"]


@pytest.mark.parametrize(
    "arguments", [("nowhere.jsonl",), (".",), (), ("--tenant", "x", "-"), ("--platform", "x", "-")]
)
def test_usage(validate: Any, arguments: tuple[str, ...]) -> None:
    code, out, _ = validate(*arguments)
    assert code == 2
    assert out == ""


def test_a_tenant_for_events_that_name_none(validate: Any) -> None:
    code, out, _ = validate("--json", "--tenant", "shop", "-", stdin=SAMPLE.read_bytes().splitlines()[1])
    row = json.loads(out)
    assert (code, row["tenant"], row["destinations"]) == (0, "shop", [])


def test_lines_of_any_length_and_bytes_are_rows() -> None:
    tenants = parse_tenants(TENANTS)
    long = b'{"event_name": "' + b"x" * (3 * MAX_RECORD_BYTES) + b'"}'
    lines = [b"\xff\x00", long, b"[" * 50_000, b"", b"null", b'{"event_name": "Lead", "session_id": 1}']
    found = list(records(io.BytesIO(b"\r\n".join(lines))))
    assert [number for number, _ in found] == [1, 2, 3, 5, 6]
    assert all(len(raw) <= MAX_RECORD_BYTES + 2 for _, raw in found)
    rows = [Validator(tenants, "", "", NOW_MS).row(*record) for record in found]
    assert [row.rejected is None for row in rows] == [False, False, False, False, True]
    assert rows[1].rejected and "larger than" in rows[1].rejected.reason


def test_consent_is_the_tenants_where_nothing_was_said_and_a_click_counts() -> None:
    raw = b'{"event_name": "Lead", "session_id": 1, "user_data": {"em": "ada@example.com", "fbclid": "IwAR2x"}}'
    silent = Validator(parse_tenants(TENANTS), "", "meta", NOW_MS).row(1, raw)
    assert silent.good
    assert silent.destinations[0].score == 5.5
    strict = TENANTS.replace('default_country = "US"', 'default_consent = "denied"')
    assert not Validator(parse_tenants(strict), "", "meta", NOW_MS).row(1, raw).good
