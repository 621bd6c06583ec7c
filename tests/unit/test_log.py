"""What the log shows, and above all what it does not."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from streams.log import QUIET, setup
from streams.settings import load_settings

SECRET = "ann@example.com"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in QUIET}
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)
    structlog.reset_defaults()


def fail_with_a_local() -> None:
    who = SECRET
    raise ValueError(f"a value of {len(who)} characters")


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_shows_no_local_variables(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    setup(load_settings(log_format=log_format), "sessions")
    try:
        fail_with_a_local()
    except ValueError:
        structlog.get_logger("x").exception("it broke")
        logging.getLogger("y").exception("it broke again")
    said = capsys.readouterr().err
    assert said.count("a value of 15 characters") == 2
    assert SECRET not in said


def test_lines_go_where_stderr_was_whatever_faust_puts_there(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    setup(load_settings(), "deliver")
    monkeypatch.setattr(sys, "stderr", second)  # which would log each line as one of its own
    structlog.get_logger("x").info("posted")
    assert ("posted" in first.getvalue(), second.getvalue()) == (True, "")


def test_json_lines_of_both_kinds_carry_the_role(capsys: pytest.CaptureFixture[str]) -> None:
    setup(load_settings(log_format="json"), "deliver")
    structlog.get_logger("x").info("posted", n=3)
    logging.getLogger("y").warning("odd %s", 7)
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["n"], first["role"], first["level"]) == ("posted", 3, "deliver", "info")
    assert (second["event"], second["logger"], second["role"]) == ("odd 7", "y", "deliver")


def test_libraries_that_print_urls_are_quiet_even_when_debugging(capsys: pytest.CaptureFixture[str]) -> None:
    setup(load_settings(log_level="debug"), "deliver")
    for name in QUIET:
        logging.getLogger(name).info("HTTP Request: POST https://example.com/?access_token=x")
    structlog.get_logger("x").debug("ours")
    said = capsys.readouterr().err
    assert "access_token" not in said
    assert "ours" in said


def test_the_level_holds(capsys: pytest.CaptureFixture[str]) -> None:
    setup(load_settings(log_level="error"), "ingest")
    structlog.get_logger("x").warning("no")
    logging.getLogger("y").warning("no")
    assert capsys.readouterr().err == ""
