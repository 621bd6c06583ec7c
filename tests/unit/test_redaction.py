"""What the last net of the logs catches, and what it lets through."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from streams.log import setup
from streams.redaction import redact, redacted
from streams.settings import load_settings
from tests.unit.test_log import _as_before as _as_before  # the logs of other tests stay as they were

DIGEST = "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"
SHAPES = {
    "mail to ann.b+x@shop.example.com failed": "mail to *** failed",
    "q=ann%40example.com": "q=***",
    "Authorization: Bearer abc.def-123": "Authorization: Bearer ***",
    'headers {"access_token": "s3cr3t", "n": 1}': 'headers {"access_token": ***, "n": 1}',
    "access_token=s3cr3t&n=1": "access_token=***&n=1",
    "amqp://guest:pw@rabbit:5672/x": "amqp://***@rabbit:5672/x",
    "POST https://graph.example.com/v26.0/1/events?access_token=x&em=y failed": (
        "POST https://graph.example.com/v26.0/1/events?*** failed"
    ),
    "call +49 (30) 901820-7 now": "call *** now",
    "EAAGm0PX4ZCpsBAKZCmarkedmarked": "***",
    "fbp fb.1.1700000000000.123456": "fbp ***",
    f"em is {DIGEST}": "em is 973dfe46…",
}
HARMLESS = [
    "the token or the app secret cannot be read",
    "2026-11-24T18:17:00.123456+00:00",
    "partitions [0, 1] of test-6a5b941c.sessions.in at 127.0.0.1:9092",
    "listening http://127.0.0.1:9138/metrics",
    "KafkaConnectionError: Connection at 127.0.0.1:9092 closed",
    "custom_data.value is not a number",
]


@pytest.mark.parametrize("text", SHAPES)
def test_secrets_and_personal_data_are_masked(text: str) -> None:
    assert redact(text) == SHAPES[text]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_neither_stays(text: str) -> None:
    assert redact(text) == text


def test_fields_are_masked_by_their_name_however_deep() -> None:
    found = redacted("request", {"user_data": {"em": "x"}, "list": [{"Phone": "0301"}, b"a@b.example"], "n": 3})
    assert found == {"user_data": "***", "list": [{"Phone": "***"}, "***"], "n": 3}


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_line_gets_past_it(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Event, fields, objects, tracebacks; structlog's and the standard library's."""
    setup(load_settings(log_format=log_format), "deliver")
    try:
        raise ValueError("ann@example.com")
    except ValueError as error:
        structlog.get_logger("x").exception("of ann@example.com", who="ann@example.com", why=error, em="ann")
        logging.getLogger("y").exception("of %s", "ann@example.com", extra={"who": "ann@example.com"})
    said = capsys.readouterr().err
    assert "ann" not in said
    assert said.count("ValueError") >= 2
    if log_format == "json":
        assert [json.loads(line)["event"] for line in said.splitlines()] == ["of ***", "of ***"]


def test_a_long_text_costs_no_more_than_its_length() -> None:
    """Steps, not seconds: a shape that looks from every place to the end would not come back here."""
    assert redact("a" * 50_000) == "a" * 50_000
    assert redact("a-" * 25_000) == "a-" * 25_000
