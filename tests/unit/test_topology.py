"""RabbitMQ's names and shape: routing keys, ladder, and the committed definitions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.topology import (
    EXCHANGE_RETRY,
    HEADER_RUNG,
    PLATFORMS,
    QUEUE_PARKED,
    QUEUE_UNROUTED,
    Rung,
    definitions,
    event_slug,
    routing_key,
    rung_for,
    rungs,
    work_queue,
)
from streams.settings import load_settings

COMMITTED = Path(__file__).parents[2] / "deploy/rabbitmq/definitions.json"
DEFAULT = load_settings(retry_s=(300, 900, 3600, 21600))


@pytest.mark.parametrize(
    ("event_name", "slug"),
    [
        ("Purchase", "purchase"),
        ("ViewContent", "view"),
        ("PageView", "page_view"),
        ("AddToCart", "add_to_cart"),
        ("InitiateCheckout", "initiate_checkout"),
        ("CompletePayment", "purchase"),
        ("FBLogin", "fb_login"),
        ("quiz.done#2", "quiz_done_2"),
        ("już", "ju"),
        ("日本", "custom"),
        ("", "custom"),
    ],
)
def test_event_names_become_words(event_name: str, slug: str) -> None:
    assert event_slug(event_name) == slug


@given(st.text(), st.sampled_from(PLATFORMS))
def test_no_event_name_can_widen_a_routing_key(event_name: str, platform: str) -> None:
    key = routing_key(platform, event_name)
    assert re.fullmatch(r"(meta|tiktok)\.[a-z0-9_]+", key)
    assert len(key) <= 80


def test_the_ladder_has_one_rung_per_attempt_and_ends() -> None:
    assert [rung_for(attempt, DEFAULT) for attempt in range(1, 6)] == [*map(Rung, (300, 900, 3600, 21600)), None]


@pytest.mark.parametrize(("at_least_s", "delay_s"), [(0, 300), (300, 300), (301, 900), (90_000, 21600)])
def test_a_longer_wait_skips_rungs_and_stops_at_the_longest(at_least_s: float, delay_s: float) -> None:
    assert rung_for(1, DEFAULT, at_least_s) == Rung(delay_s)


def test_rungs_are_named_by_their_delay() -> None:
    assert [rung.queue for rung in rungs(load_settings(retry_s=(0.5, 2, 2, 300)))] == [
        "retry_500ms",
        "retry_2s",
        "retry_300s",
    ]
    assert Rung(300).headers == {HEADER_RUNG: "300s"}


def test_the_committed_definitions_are_those_of_the_default_ladder() -> None:
    assert msgspec.json.decode(COMMITTED.read_bytes()) == definitions(DEFAULT), (
        "run: CAPI_RETRY_S=300,900,3600,21600 capi queues definitions > deploy/rabbitmq/definitions.json"
    )


def policy_of(queue: str) -> dict[str, Any]:
    found = [
        policy
        for policy in definitions(DEFAULT)["policies"]
        if policy["apply-to"] == "queues" and re.search(policy["pattern"], queue)
    ]
    assert len(found) == 1, f"{queue}: only one policy holds for a queue"
    definition: dict[str, Any] = found[0]["definition"]
    return definition


@pytest.mark.parametrize("queue", [q["name"] for q in definitions(DEFAULT)["queues"]])
def test_a_dead_lettering_queue_never_loses_on_a_broker_crash(queue: str) -> None:
    policy = policy_of(queue)
    if queue in (QUEUE_PARKED, QUEUE_UNROUTED):
        assert "dead-letter-exchange" not in policy
        assert policy["message-ttl"] == 7 * 86_400_000
        return
    assert policy["dead-letter-strategy"] == "at-least-once"
    assert policy["overflow"] == "reject-publish"
    assert "dead-letter-routing-key" not in policy


def test_queues_have_no_argument_but_their_type() -> None:
    assert {msgspec.json.encode(q["arguments"]) for q in definitions(DEFAULT)["queues"]} == {
        b'{"x-queue-type":"quorum"}'
    }


def test_a_job_comes_home_to_the_work_queues_alone() -> None:
    bindings = definitions(DEFAULT)["bindings"]
    home = {(b["routing_key"], b["destination"]) for b in bindings if b["source"] == "capi_return"}
    assert home == {(f"{platform}.#", work_queue(platform)) for platform in PLATFORMS}
    retries = [b["arguments"] for b in bindings if b["source"] == EXCHANGE_RETRY]
    assert retries == [{"x-match": "all", HEADER_RUNG: rung.value} for rung in rungs(DEFAULT)]
