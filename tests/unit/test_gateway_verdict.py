"""What an answer of the central site means for a batch."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.gateway.verdict import MOST_WAIT_S, Refusal, Taken, Wait, verdict

ERROR = b'{"error":{"code":"some_code","field":"events[0]","message":"why not","fix":"do this"}}'
PAGE = b"<html>nginx</html>"


def test_only_202_is_taken() -> None:
    assert verdict(202, {}, b"") == Taken()
    for status in (200, 201, 204, 301, 302):
        answer = verdict(status, {}, b"{}")
        assert isinstance(answer, Wait)
        assert answer.alarm


@pytest.mark.parametrize("status", [400, 409, 422])
def test_what_the_gateway_refuses_for_good_keeps_its_reason(status: int) -> None:
    assert verdict(status, {}, ERROR) == Refusal("refused by the central site: why not", "events[0]", "do this")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422])
@pytest.mark.parametrize("body", [PAGE, b"", b'{"error":"x"}', b"\xff", b"[" * 100_000])
def test_somebody_else_s_refusal_ends_no_batch(status: int, body: bytes) -> None:
    answer = verdict(status, {}, body)
    assert isinstance(answer, Wait)
    assert answer.alarm


@pytest.mark.parametrize(
    ("status", "alarm"),
    [(401, True), (403, True), (404, True), (413, True), (415, True), (408, False), (429, False), (503, False)],
)
def test_what_somebody_has_to_correct_is_an_alarm_and_what_passes_is_not(status: int, alarm: bool) -> None:
    answer = verdict(status, {}, ERROR)
    assert isinstance(answer, Wait)
    assert answer.alarm == alarm
    assert "some_code" in answer.why


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("5", 5),
        ("0", 0),
        ("99999", MOST_WAIT_S),
        ("Tue, 24 Nov 2026 12:00:00 GMT", 0),
        ("-5", 0),
        ("٥", 0),
        ("", 0),
    ],
)
def test_retry_after_in_seconds_counts_within_bounds(asked: str, seconds: float) -> None:
    for body in (ERROR, PAGE):
        answer = verdict(503, httpx.Headers([(b"Retry-After", asked.encode())]), body)
        assert isinstance(answer, Wait)
        assert answer.seconds == seconds


@given(st.integers(100, 599), st.dictionaries(st.just("retry-after"), st.text()), st.binary())
def test_no_bytes_make_it_fail_or_lose_a_batch(status: int, headers: dict[str, str], body: bytes) -> None:
    answer = verdict(status, headers, body)
    assert isinstance(answer, Taken) == (status == 202)
    assert not isinstance(answer, Refusal)
