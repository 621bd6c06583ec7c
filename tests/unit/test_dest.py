"""The made-up event of `capi dest test`: what it is, where it may go, and that no token is printed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from agents.dest_trial import REDACTED, NotSentError, build, request_of, shown_request
from sinks.platforms import PLATFORM_RULES
from sinks.sample import on_this_machine, sample_job
from streams.settings import Settings, load_settings
from streams.tenants import Destination

NOW_MS = 1_795_500_000_000
LATER = datetime(2100, 1, 1, tzinfo=UTC)
DESTINATIONS = {
    "meta": Destination(platform="meta", pixel_id="123", token="env:NOBODY_SETS_THIS"),
    "tiktok": Destination(platform="tiktok", pixel_id="C1", token="env:NOBODY_SETS_THIS"),
}


def stand_in() -> Settings:
    return load_settings(meta_url="http://127.0.0.1:8088", tiktok_url="http://localhost:8088")


@pytest.mark.parametrize("destination", DESTINATIONS.values(), ids=DESTINATIONS)
@pytest.mark.parametrize("name", ["Purchase", "ViewContent", "OwnEvent"])
def test_the_sample_passes_preflight_without_a_warning(destination: Destination, name: str) -> None:
    job = sample_job(destination, "default", name, NOW_MS)
    assert job is not None
    assert PLATFORM_RULES[destination.platform].preflight(job, NOW_MS) == ()


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8088", True),
        ("http://[::1]:8088", True),
        ("http://localhost:8088", True),
        ("https://graph.facebook.com", False),
        ("https://localhost.example.com", False),
        ("https://10.0.0.7", False),
        ("", False),
    ],
)
def test_only_this_machine_is_a_stand_in(url: str, here: bool) -> None:
    assert on_this_machine(url) is here


@pytest.mark.parametrize("destination", DESTINATIONS.values(), ids=DESTINATIONS)
def test_a_real_platform_gets_nothing_without_a_test_event_code(destination: Destination) -> None:
    with pytest.raises(NotSentError, match="--code"):
        build(load_settings(), destination, "default", "Purchase", "")
    sent = json.loads(build(load_settings(), destination, "default", "Purchase", "TEST1").body)
    assert sent["test_event_code"] == "TEST1"
    assert "test_event_code" not in json.loads(build(stand_in(), destination, "default", "Purchase", "").body)
    assert request_of(load_settings(), destination, "default", "Purchase", "").events == 1


def test_the_tenants_own_code_is_used_and_the_given_one_goes_first() -> None:
    own = Destination(platform="meta", pixel_id="123", token="env:X", test_event_code="OWN", test_until=LATER)
    codes = [json.loads(build(load_settings(), own, "default", "Lead", code).body) for code in ("", "GIVEN")]
    assert [sent["test_event_code"] for sent in codes] == ["OWN", "GIVEN"]


def test_an_event_that_the_destination_does_not_take_says_so() -> None:
    with pytest.raises(NotSentError, match="--event"):
        build(stand_in(), DESTINATIONS["tiktok"], "default", "PageView", "")


@pytest.mark.parametrize("destination", DESTINATIONS.values(), ids=DESTINATIONS)
def test_what_is_printed_names_the_token_header_and_not_the_token(destination: Destination) -> None:
    request = build(stand_in(), destination, "default", "Purchase", "")
    shown = shown_request(request)
    assert shown["headers"][request.token_header.name] == request.token_header.prefix + REDACTED
    assert shown["body"] == json.loads(request.body)
