"""What is read from a parked message, which filters it passes, and what of it may be printed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sinks.deliver.letters import ATTEMPT, FIRST_SEEN, LAST_ERROR, LAST_STATUS
from sinks.deliver.policy import DROPPED
from sinks.parked.drop import dropped
from sinks.parked.messages import Parked, ParkedFilter, read_parked
from sinks.parked.view import Groups, shown
from sinks.rabbit.returns import ENOUGH_RETURNS, keeps_returned
from sinks.replay.fresh import REPLAYED, replayed
from sinks.replay.wanted import Wanted
from sinks.topology import QUEUE_PARKED, definitions
from streams.events import UserData, decode_job, encode
from streams.settings import load_settings
from tests.unit.deliver_letters import EM, NOW_MS, job

OURS: dict[str, Any] = {
    ATTEMPT: 5,
    FIRST_SEEN: NOW_MS,
    LAST_STATUS: "invalid 100/2804050",
    LAST_ERROR: "too few match keys",
}


def parked(number: int = 1, headers: dict[str, Any] | None = None, **event: Any) -> Parked:
    return read_parked(encode(job(number, **event)), OURS | (headers or {}), "meta.view")


def test_our_headers_tell_reason_time_and_attempts() -> None:
    found = parked()
    assert (found.status, found.why) == ("invalid 100/2804050", "too few match keys")
    assert (found.attempt, found.since_ms, found.replayed_ms) == (5, NOW_MS, 0)
    assert found.pixel == "meta:123"


def test_what_rabbitmq_parked_itself_has_its_reason_and_time() -> None:
    at = datetime(2026, 11, 24, 10, tzinfo=UTC)
    death = {"reason": "delivery_limit", "queue": "meta_queue", "time": at, "count": 1}
    found = read_parked(encode(job()), {LAST_STATUS: "transient 2", "x-death": [death]}, "meta.view")
    assert (found.status, found.why) == ("delivery_limit", "by RabbitMQ, from meta_queue")
    assert found.since_ms == at.timestamp() * 1000


@pytest.mark.parametrize(
    "headers", [{}, {ATTEMPT: "x", FIRST_SEEN: True}, {"x-death": []}, {"x-death": ["odd"]}, {"x-death": 3}]
)
def test_odd_headers_are_taken(headers: dict[str, Any]) -> None:
    found = read_parked(b"\xff no job", headers, "meta.view")
    assert (found.job, found.attempt, found.since_ms) == (None, 0, 0)
    assert (found.status, found.pixel) == ("unknown", "meta:?")


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (ParkedFilter(), True),
        (ParkedFilter(jobs=Wanted(tenant="default", platform="meta", pixel="123", event="ViewContent")), True),
        (ParkedFilter(jobs=Wanted(event="e-1")), True),
        (ParkedFilter(jobs=Wanted(event="e")), False),
        (ParkedFilter(jobs=Wanted(tenant="other")), False),
        (ParkedFilter(jobs=Wanted(platform="tiktok")), False),
        (ParkedFilter(jobs=Wanted(pixel="12")), False),
        (ParkedFilter(reason="2804050"), True),
        (ParkedFilter(reason="MATCH KEYS"), True),
        (ParkedFilter(reason="expired"), False),
        (ParkedFilter(since_ms=NOW_MS, until_ms=NOW_MS + 1), True),
        (ParkedFilter(since_ms=NOW_MS + 1), False),
        (ParkedFilter(until_ms=NOW_MS), False),
    ],
)
def test_filters(wanted: ParkedFilter, taken: bool) -> None:
    assert wanted.takes(parked()) is taken
    assert wanted.everything is (wanted == ParkedFilter())


def test_what_is_no_job_passes_only_without_job_filters_and_unknown_times_only_without_times() -> None:
    odd = read_parked(b"{}", {LAST_STATUS: "unreadable"}, "meta.view")
    assert ParkedFilter(reason="unreadable").takes(odd)
    assert not ParkedFilter(jobs=Wanted(platform="meta")).takes(odd)
    assert not ParkedFilter(since_ms=1).takes(odd)
    assert not ParkedFilter(until_ms=NOW_MS).takes(odd)


def test_groups_by_reason_with_oldest_newest_and_pixels() -> None:
    groups = Groups()
    for number in range(3):
        groups.add(parked(number, {FIRST_SEEN: NOW_MS + number}))
    groups.add(read_parked(b"", {LAST_STATUS: "unreadable"}, "tiktok.view"))
    first, second = groups.largest_first()
    assert (first.count, first.oldest_ms, first.newest_ms) == (3, NOW_MS, NOW_MS + 2)
    assert first.pixels == {"meta:123": 3}
    assert (second.status, second.oldest_ms, second.pixels) == ("unreadable", 0, {"tiktok:?": 1})
    assert groups.count == 4


def test_nothing_personal_is_shown() -> None:
    user = UserData(
        em=(EM,), client_ip="192.0.2.7", client_user_agent="Mozilla/5.0", fbp="fb.1.2.3", city="berlin"
    )
    event: dict[str, Any] = {
        "user": user,
        "event_source_url": "https://shop.example.com/anna/order?x=1",
        "custom_data": {"value": 5, "currency": "EUR", "note": "ring at anna's"},
    }
    text = encode(shown(parked(**event))).decode()
    assert EM[:8] in text
    hidden = (EM, EM[:9], "192.0.2.7", "Mozilla", "fb.1.2.3", "berlin", "anna", "/order")
    assert not [secret for secret in hidden if secret in text]
    assert '"value":5' in text
    assert "shop.example.com/…" in text
    assert '"note":"(set)"' in text


def test_a_replayed_job_starts_anew_with_the_same_body() -> None:
    body = encode(job()) + b" "
    message = replayed(job(), NOW_MS, body)
    assert message.headers == {ATTEMPT: 1, REPLAYED: NOW_MS}
    assert message.body == body
    assert message.routing_key == "meta.view"
    assert message == replayed(job(), NOW_MS, body)
    assert decode_job(replayed(job(), NOW_MS).body) == job()


def test_a_dropped_job_keeps_the_class_it_was_parked_with() -> None:
    told = dropped(job(), parked(), "test data", NOW_MS)
    assert (told.outcome, told.code, told.attempt) == ("invalid", DROPPED, 5)
    assert (told.parked, told.retry_in_s, told.why) == (False, 0, "dropped by an operator: test data")
    assert dropped(job(), parked(headers={LAST_STATUS: "expired"}), "", NOW_MS).outcome == "expired"
    assert dropped(job(), parked(headers={LAST_STATUS: "odd"}), "", NOW_MS).outcome == "invalid"


def policy(limit: int | None, priority: int = 10, pattern: str = "^capi_parked$", apply_to: str = "queues") -> Any:
    definition = {} if limit is None else {"delivery-limit": limit}
    return {"pattern": pattern, "apply-to": apply_to, "priority": priority, "definition": definition}


@pytest.mark.parametrize(
    ("policies", "arguments", "kept"),
    [
        ([], {}, False),  # RabbitMQ 4: 20
        ([policy(20)], {}, False),
        ([policy(None)], {}, False),
        ([policy(ENOUGH_RETURNS)], {}, True),
        ([policy(ENOUGH_RETURNS), policy(20, priority=11, pattern=".*", apply_to="all")], {}, False),
        ([policy(ENOUGH_RETURNS), policy(20, priority=9, pattern=".*")], {}, True),
        ([policy(ENOUGH_RETURNS), policy(20, priority=11, pattern="^other$")], {}, True),
        ([policy(ENOUGH_RETURNS), policy(20, priority=11, apply_to="exchanges")], {}, True),
        ([policy(ENOUGH_RETURNS)], {"x-delivery-limit": 3}, False),
    ],
)
def test_the_queue_may_only_be_looked_at_when_that_costs_nothing(
    policies: list[Any], arguments: dict[str, Any], kept: bool
) -> None:
    queues = [{"name": QUEUE_PARKED, "arguments": arguments}]
    assert keeps_returned({"policies": policies, "queues": queues}, QUEUE_PARKED) is kept


def test_our_own_definitions_keep_what_is_looked_at() -> None:
    assert keeps_returned(definitions(load_settings()), QUEUE_PARKED)
