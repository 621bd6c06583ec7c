from __future__ import annotations

import pytest

from sinks.deliver.letters import (
    UnreadableError,
    parked_message,
    read_letter,
    retry_message,
    unreadable_message,
    waiting_message,
)
from sinks.deliver.policy import Park, Retry, Wait
from sinks.topology import Rung
from streams.events import encode
from tests.unit.deliver_letters import EM, NOW_MS, job, letter

BROKERS = {
    "x-death": [{"count": 1, "queue": "retry_300s"}],
    "x-first-death-queue": "retry_300s",
    "x-last-death-reason": "expired",
    "x-delivery-count": 3,
}


def test_first_arrival() -> None:
    arrived = letter()
    assert (arrived.attempt, arrived.first_seen_ms, arrived.company) == (1, NOW_MS, 0)


def test_retry_counts_by_own_headers_and_drops_the_brokers() -> None:
    arrived = letter(headers={"capi-attempt": 2, "capi-first-seen": 5, "capi-rung": "300s", **BROKERS})
    decision = Retry(outcome="throttled", why="rate limit", code="80004", rung=Rung(900))
    message = retry_message(arrived, decision)
    assert message.headers == {
        "capi-attempt": 3,
        "capi-first-seen": 5,
        "capi-last-status": "throttled 80004",
        "capi-last-error": "rate limit",
        "capi-moves": 1,
        "capi-rung": "900s",
    }
    assert (message.routing_key, message.message_id) == ("meta.view", "meta:123:ViewContent:e-1:3")
    assert message.body == arrived.body


@pytest.mark.parametrize("counts", [True, False])
def test_every_way_to_a_rung_is_counted(counts: bool) -> None:
    retried = letter(
        headers=dict(retry_message(letter(), Retry(outcome="transient", rung=Rung(1), counts=counts)).headers)
    )
    waited = letter(headers=dict(waiting_message(retried, Wait(rung=Rung(1), why="paused")).headers))
    assert (letter().moves, retried.moves, waited.moves) == (0, 1, 2)


def test_company_is_for_one_attempt() -> None:
    decision = Retry(outcome="transient", rung=Rung(1), company=10)
    again = letter(headers=dict(retry_message(letter(), decision).headers))
    assert again.company == 10
    assert "capi-company" not in retry_message(again, Retry(outcome="transient", rung=Rung(1))).headers


def test_a_round_without_an_attempt_keeps_attempt_and_company() -> None:
    arrived = letter(headers={"capi-attempt": 2, "capi-company": 1, "capi-last-status": "transient", **BROKERS})
    message = waiting_message(arrived, Wait(rung=Rung(300), why="paused"))
    assert message.headers == {
        "capi-attempt": 2,
        "capi-company": 1,
        "capi-first-seen": NOW_MS,
        "capi-last-status": "transient",
        "capi-moves": 1,
        "capi-rung": "300s",
        "capi-waits": 1,
    }
    assert message.message_id == "meta:123:ViewContent:e-1:2"
    again = waiting_message(letter(headers=dict(message.headers)), Wait(rung=Rung(300), why="paused"))
    assert again.headers["capi-waits"] == 2


def test_an_attempt_that_does_not_count_keeps_attempt_and_company() -> None:
    arrived = letter(headers={"capi-attempt": 2, "capi-company": 1})
    headers = retry_message(arrived, Retry(outcome="misconfigured", rung=Rung(300), counts=False)).headers
    assert (headers["capi-attempt"], headers["capi-company"]) == (2, 1)


def test_parked_keeps_attempt_and_says_why() -> None:
    headers = parked_message(letter(headers={"capi-attempt": 4}), Park(outcome="expired", why="too old")).headers
    assert (headers["capi-attempt"], headers["capi-last-status"], headers["capi-last-error"]) == (
        4,
        "expired",
        "too old",
    )


@pytest.mark.parametrize("odd", [None, "three", -1, True, b"\xff"])
def test_odd_attempt_counts_as_the_first(odd: object) -> None:
    assert letter(headers={"capi-attempt": odd}).attempt == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"anna@example.com", b"[]", b'{"platform":"anna@example.com"}', encode(job())[:-30]],
)
def test_what_is_no_job_is_told_without_its_content(body: bytes) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_letter(body, {}, "meta.view", NOW_MS)
    assert "anna" not in str(caught.value)
    assert EM not in str(caught.value)
    message = unreadable_message(body, BROKERS, "meta.view", "", str(caught.value))
    assert message.headers == {"capi-last-status": "unreadable", "capi-last-error": str(caught.value)}


def test_the_field_at_fault_is_named() -> None:
    body = encode(job()).replace(b'"event_time_ms":1795500000000', b'"event_time_ms":"soon"')
    with pytest.raises(UnreadableError, match=r"\$\.event\.event_time_ms"):
        read_letter(body, {}, "meta.view", NOW_MS)
