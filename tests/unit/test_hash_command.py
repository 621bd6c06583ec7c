"""`capi hash`: one value, what both platforms get of it, and what it says when they get nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from agents.cli import app
from agents.commands.hash import FIELDS, examine
from streams.identity.hashes import HASH_OF_NOTHING

NOW_MS = 1_795_000_000_000
BOTH = {"meta": None, "tiktok": None}


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def run(*arguments: str, stdin: bytes = b"") -> tuple[int, str]:
    done = CliRunner().invoke(app, ["hash", *arguments], input=stdin)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def answer(*arguments: str, stdin: bytes = b"", code: int = 0) -> dict[str, Any]:
    found, out = run(*arguments, "--json", stdin=stdin)
    assert found == code, out
    parsed: dict[str, Any] = json.loads(out)
    assert list(parsed) == ["field", "normalized", "sha256", "dropped"]
    return parsed


@pytest.mark.parametrize(
    ("arguments", "meta", "tiktok"),
    [
        (("em", " Alice@Example.com "), "alice@example.com", "alice@example.com"),
        (("ph", "(650) 555-1212", "--country", "US"), "16505551212", "+16505551212"),
        (("ph", "06 12 34 56 78", "--country", "France", "--region", "US"), "33612345678", "+33612345678"),
        (("ph", "06 12 34 56 78", "--region", "fr"), "33612345678", "+33612345678"),
        (("fn", "Mary-Ann"), "maryann", "maryann"),
        (("ln", "O’Hara"), "ohara", "ohara"),
        (("zp", "M1 1AE", "--country", "UK"), "m11", "m11"),
        (("external_id", " User-42 "), "User-42", "User-42"),
        (("external_id", "+42"), "+42", "+42"),
    ],
)
def test_what_both_platforms_get_hashed(arguments: tuple[str, ...], meta: str, tiktok: str) -> None:
    assert answer(*arguments) == {
        "field": arguments[0],
        "normalized": {"meta": meta, "tiktok": tiktok},
        "sha256": {"meta": hashed(meta), "tiktok": hashed(tiktok)},
        "dropped": None,
    }


@pytest.mark.parametrize(
    ("arguments", "form"),
    [
        (("ct", "São Paulo"), "sãopaulo"),
        (("st", "California", "--country", "US"), "ca"),
        (("country", "Deutschland"), "de"),
    ],
)
def test_places_go_to_tiktok_in_the_clear(arguments: tuple[str, ...], form: str) -> None:
    found = answer(*arguments)
    assert found["normalized"] == {"meta": form, "tiktok": form}
    assert found["sha256"] == {"meta": hashed(form), "tiktok": None}


@pytest.mark.parametrize(("field", "text", "form"), [("ge", "Female", "f"), ("db", "2/16/1997", "19970216")])
def test_tiktok_takes_no_gender_and_no_birth_date(field: str, text: str, form: str) -> None:
    found = answer(field, text)
    assert found["normalized"] == {"meta": form, "tiktok": None}
    assert found["sha256"] == {"meta": hashed(form), "tiktok": None}


@pytest.mark.parametrize(
    ("field", "meta", "tiktok"),
    [
        ("em", True, True),
        ("zp", True, True),
        ("external_id", True, True),
        ("ph", True, False),
        ("ph_e164", False, True),
        ("ct", True, False),
        ("country", True, False),
        ("db", True, False),
    ],
)
def test_a_value_that_came_hashed_goes_where_its_form_is_right(field: str, meta: bool, tiktok: bool) -> None:
    digest = hashed("anything")
    found = answer(field, digest.upper())
    assert found["normalized"] == BOTH
    assert found["sha256"] == {"meta": digest if meta else None, "tiktok": digest if tiktok else None}


@pytest.mark.parametrize(
    ("field", "text", "meta", "tiktok"),
    [
        ("fbp", "fb.1.1596403881668.1098115397", True, False),
        ("ttp", "2Xq9-Ab_c.tt.1", False, True),
        ("ttclid", "E.C.P.x-Y", False, True),
        ("client_ip", "2001:db8::1", True, True),
        ("client_user_agent", "Mozilla/5.0 (X11)", True, True),
    ],
)
def test_what_goes_in_the_clear_has_no_hash(field: str, text: str, meta: bool, tiktok: bool) -> None:
    found = answer(field, text)
    assert found["normalized"] == {"meta": text if meta else None, "tiktok": text if tiktok else None}
    assert found["sha256"] == BOTH


def test_a_click_cookie_is_measured_against_now() -> None:
    fresh = f"fb.1.{time.time_ns() // 1_000_000}.IwAR2-x_Y"
    assert answer("fbc", fresh)["normalized"] == {"meta": fresh, "tiktok": None}
    assert answer("fbc", "fb.1.1596403881668.IwAR2-x_Y", code=1)["dropped"] == "is older than 90 days"


def test_a_click_id_becomes_the_cookie_of_a_click_seen_now() -> None:
    assert examine("fbclid", "IwAR2-x_Y", "", NOW_MS).normalized == {
        "meta": f"fb.1.{NOW_MS}.IwAR2-x_Y",
        "tiktok": None,
    }


BAD = [
    b"",
    b"\n",
    b"   ",
    "😀".encode(),
    b"\xff\xfe\x00binary",
    b"\x00",
    "\u200b".encode(),
    b"[[]]",
    b"x" * 1_000_000,
    "é".encode() * 500_000,
    HASH_OF_NOTHING.encode(),
    b"d41d8cd98f00b204e9800998ecf8427e\n",
]
TAKES_ANY_TEXT = ("external_id", "client_user_agent", "ttp", "ttclid", "fbclid")


@pytest.mark.parametrize("stdin", BAD, ids=lambda raw: repr(raw[:12]))
@pytest.mark.parametrize("field", [field for field in FIELDS if field not in TAKES_ANY_TEXT])
def test_bad_input_of_any_kind_is_dropped_with_a_reason(field: str, stdin: bytes) -> None:
    found = answer(field, "-", stdin=stdin, code=1)
    assert found["normalized"] == found["sha256"] == BOTH
    assert found["dropped"]


@pytest.mark.parametrize("stdin", BAD, ids=lambda raw: repr(raw[:12]))
@pytest.mark.parametrize("field", TAKES_ANY_TEXT)
def test_what_takes_any_text_never_fails_either(field: str, stdin: bytes) -> None:
    code, out = run(field, "-", "--json", stdin=stdin)
    found = json.loads(out)
    assert code == int(found["dropped"] is not None)
    assert HASH_OF_NOTHING not in found["sha256"].values()


@given(st.sampled_from(FIELDS), st.text() | st.text("0123456789+-. ()"), st.sampled_from(["", "US", "GB", "JP"]))
def test_a_text_is_given_only_with_the_hash_of_it(field: str, text: str, region: str) -> None:
    found = examine(field, text, region, NOW_MS)
    for platform in ("meta", "tiktok"):
        form, digest = found.normalized[platform], found.sha256[platform]
        assert digest is None or form is None or digest == hashed(form)
    assert (found.dropped is None) == any((*found.normalized.values(), *found.sha256.values()))


@pytest.mark.parametrize(
    "arguments",
    [
        ("age", "30"),
        ("em", "a@example.com", "--country", "Nowhere"),
        ("em", "a@example.com", "--country", hashed("us")),
        ("em", "a@example.com", "--region", "UK"),
        ("em", "a@example.com", "--region", "France"),
        ("em", "a@example.com", "--nonsense"),
        ("em",),
    ],
)
def test_an_unknown_field_or_option_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    code, out = run(*arguments)
    assert code == 2
    assert "a@example.com" not in out


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (("em", "alice@example.com"), ["meta normal alice@example.com", f"sha256 {hashed('alice@example.com')}"]),
        (("ct", "New York"), ["tiktok normal newyork", "sha256 sent in the clear"]),
        (("ge", "f"), ["tiktok normal not sent", "sha256 not sent"]),
        (("ph_e164", hashed("+16505551212")), ["tiktok normal it came hashed"]),
        (("client_user_agent", "[red]Mozilla[/]"), ["meta normal [red]Mozilla[/]"]),
    ],
)
def test_for_people_there_is_a_table(arguments: tuple[str, ...], lines: list[str]) -> None:
    code, out = run(*arguments)
    shown = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0
    assert set(lines) <= set(shown)


def test_for_people_a_dropped_value_is_a_sentence_without_it() -> None:
    code, out = run("em", "hidden-word")
    assert (code, out) == (1, "em is dropped: needs exactly one @\n")


def test_as_a_process_with_the_value_from_a_pipe() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agents.cli", "hash", "em", "-", "--json"],
        input=b"Alice@Example.com\n",
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["sha256"]["meta"] == hashed("alice@example.com")
