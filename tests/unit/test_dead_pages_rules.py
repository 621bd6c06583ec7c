"""What /dead makes of its address and of a group of parked jobs."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qsl

import pytest

from agents.console.dead_filter import LONGEST, DeadFilter
from agents.console.dead_view import BY_CLASS, PIXELS_SHOWN, UNKNOWN, shown_group, what_to_do
from sinks.parked.messages import Parked
from sinks.parked.view import Group
from sinks.platforms import meta

NOW_MS = 1_800_000_000_000
HOSTILE = "a&b=c <script>#?%20'\""


def group(status: str, why: str = "", **pixels: int) -> Group:
    of = Counter({f"{name}:1": number for name, number in pixels.items()})
    return Group(status=status, why=why, count=sum(of.values()), pixels=of)


def test_the_address_comes_back_as_it_was() -> None:
    wanted = DeadFilter(reason=HOSTILE, event="order 1")
    assert DeadFilter.of(dict(parse_qsl(wanted.query))) == wanted
    assert DeadFilter().query == ""
    assert DeadFilter().text() == "everything"
    assert DeadFilter(platform="meta", reason="190").text() == "platform=meta reason=190"


def test_what_is_asked_for_is_bounded_by_length_and_by_whose_it_is() -> None:
    wanted = DeadFilter.of({"tenant": "other", "reason": " x" * LONGEST, "since": "2h", "until": "1h", "foo": "1"})
    assert len(wanted.reason) == LONGEST
    parked = wanted.parked(("shop",), NOW_MS)
    assert (parked.jobs.tenant, parked.tenants) == ("other", ("shop",))
    assert (parked.since_ms, parked.until_ms) == (NOW_MS - 7_200_000, NOW_MS - 3_600_000)


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="is no time"):
        DeadFilter(since="yesterday").parked(None, NOW_MS)


def test_a_groups_address_finds_the_group() -> None:
    shown = shown_group(group("invalid 100/2804050", "too few keys", meta=3), DeadFilter(platform="meta"))
    found = Parked(
        job=None,
        status="invalid 100/2804050",
        why="too few keys",
        attempt=5,
        since_ms=1,
        replayed_ms=0,
        routing_key="meta.view",
        body=b"",
    )
    assert shown.only.platform == "meta"
    assert shown.only.narrowed(platform="").parked(None, NOW_MS).takes(found)


def test_the_largest_pixels_are_shown() -> None:
    many = {f"p{number}": number for number in range(1, PIXELS_SHOWN + 3)}
    shown = shown_group(group("expired", "", **many), DeadFilter())
    assert [number for _, number in shown.pixels] == [6, 5, 4, 3]
    assert shown.more == 2


@pytest.mark.parametrize("kind", sorted(BY_CLASS))
def test_each_class_says_what_to_do(kind: str) -> None:
    assert what_to_do(group(kind, meta=1)) == BY_CLASS[kind]


def test_a_code_of_the_platform_goes_before_its_class() -> None:
    said = what_to_do(group("misconfigured 190", meta=1))
    assert said == f"{meta.PLATFORM.advice('190')} {BY_CLASS['misconfigured']}"


def test_a_platform_and_a_class_that_nobody_knows() -> None:
    assert what_to_do(group("odd 7", gone=1)) == UNKNOWN
