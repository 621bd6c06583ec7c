"""Whatever is logged is one line: no text begins another, or speaks to the terminal."""

from __future__ import annotations

import json
import logging

import pytest
import structlog
from aiohttp.http_exceptions import BadHttpMessage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.log import printable, setup
from streams.settings import load_settings

FORGED = "x\n2026-11-24T10:00:00Z [info     ] forged\r\x1b[2Jy\u2028z\x85\x00\u202e\x07\ud800"
TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("\n\r\x1b\u2028\x85\x0b\x0c\x1c\x1d\x1e")), max_size=30)
usual = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def logged(text: str) -> None:
    """In every place that a line has."""
    log = structlog.get_logger("x")
    log.info("said", why=text, n=[text], d={text: text})
    log.info(text)
    log.info("named", **{f"a{text}": 1})
    logging.getLogger("somebody.else").warning("odd %s", text)


@pytest.mark.parametrize("log_format", ["console", "json"])
@usual
@given(text=TEXTS)
def test_a_call_is_a_line(capsys: pytest.CaptureFixture[str], log_format: str, text: str) -> None:
    setup(load_settings(log_format=log_format, log_level="info"), "x")
    capsys.readouterr()
    logged(text)
    said = capsys.readouterr().err
    assert said.count("\n") == 4
    assert all(line.isprintable() for line in said.split("\n"))
    if log_format == "json":
        assert [json.loads(line)["role"] for line in said.splitlines()] == ["x"] * 4


def test_what_an_error_quotes_is_indented_and_says_nothing_to_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    setup(load_settings(log_format="console", log_level="info"), "x")
    try:
        raise ValueError(FORGED)
    except ValueError:
        structlog.get_logger("x").error("failed", exc_info=True)
    first, *others = capsys.readouterr().err.rstrip("\n").split("\n")
    assert "failed" in first and others
    assert all(line.startswith("    ") and line.isprintable() for line in others)


def test_what_can_be_seen_stays_as_it_is() -> None:
    assert printable("Zürich – 東京 ok") == "Zürich – 東京 ok"
    assert printable("a\x1bb\n") == "a\\x1bb\\n"


def test_a_request_that_is_no_http_is_not_quoted_and_an_error_of_ours_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    setup(load_settings(log_format="console", log_level="info"), "x")
    server = logging.getLogger("aiohttp.server")
    for error in (BadHttpMessage("Cookie: secret"), KeyError("secret")):
        try:
            raise error
        except type(error):
            server.exception("Error handling request from %s", "127.0.0.1")
    (line,) = capsys.readouterr().err.splitlines()
    assert "127.0.0.1: KeyError" in line
    assert "secret" not in line
