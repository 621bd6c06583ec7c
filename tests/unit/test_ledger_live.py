"""The live view's lines: bounded, filtered, within the asker's tenants."""

from __future__ import annotations

from typing import Any

import pytest

from streams.events import Outcome, Queued, QueuedJob, Reject, Tick
from streams.ledger.live import Place, Ring, lines_of
from streams.ledger.queries import RecentOf


def outcome(number: int, **changed: Any) -> Outcome:
    told: dict[str, Any] = {
        "job_id": "j",
        "tenant": "default",
        "session_id": "s",
        "platform": "meta",
        "pixel_id": "1",
        "event_id": f"e{number}",
        "event_name": "Purchase",
        "attempt": 1,
        "outcome": "delivered",
        "at_ms": 0,
    }
    return Outcome(**told | changed)


def place(number: int, partition: int = 0) -> Place:
    return Place("capi.outcomes", partition, number, 1_000 + number)


def ring(*outcomes: Outcome, size: int = 5) -> Ring:
    made = Ring(size)
    for number, value in enumerate(outcomes):
        made.add(value, place(number))
    return made


def shown(made: Ring, **query: Any) -> list[str]:
    return [line.event_id for line in made.recent(RecentOf(**query)).lines]


def test_the_newest_are_kept_and_it_says_what_was_missed() -> None:
    made = ring(*map(outcome, range(8)))
    assert shown(made) == ["e3", "e4", "e5", "e6", "e7"]
    assert shown(made, limit=2) == ["e6", "e7"] and shown(made, limit=0) == []
    assert made.recent(RecentOf(limit=2)).missed
    assert made.recent(RecentOf(after_ms=1_001)).missed, "line 2 is newer than that, and is not kept any more"
    assert not made.recent(RecentOf(after_ms=1_002)).missed
    assert shown(made, after_ms=1_006) == ["e7"]


@pytest.mark.parametrize(
    ("changed", "kind", "what"),
    [
        ({}, "delivered", "delivered"),
        ({"outcome": "duplicate"}, "delivered", "duplicate"),
        ({"outcome": "transient", "code": "http_500", "retry_in_s": 5}, "retry", "transient http_500"),
        ({"outcome": "invalid", "code": "100", "parked": True}, "parked", "invalid 100"),
    ],
)
def test_what_an_attempt_is_called(changed: dict[str, Any], kind: str, what: str) -> None:
    (line,) = lines_of(outcome(1, **changed), place(7))
    assert (line.line_id, line.kind, line.what, line.at_ms) == ("capi.outcomes:0:7", kind, what, 1_007)


def test_every_job_has_a_line_of_its_own_and_a_tick_none() -> None:
    jobs = (QueuedJob("meta", "1", "e1", "Purchase"), QueuedJob("tiktok", "2", "e1", "CompletePayment"))
    queued = Queued(batch_id="b", tenant="default", session_id="s", at_ms=1, jobs=jobs)
    ids = [line.line_id for line in lines_of(queued, place(3))]
    assert ids == ["capi.outcomes:0:3:0", "capi.outcomes:0:3:1"]
    assert [*lines_of(Tick(), place(4))] == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"tenant": "other"}, ["e1"]),
        ({"tenants": ("other",)}, ["e1"]),
        ({"tenants": ()}, []),
        ({"kinds": ("parked",)}, []),
        ({"kinds": ("parked", "delivered"), "platform": "tiktok"}, ["e1"]),
        ({"event_name": "Purch"}, []),
        ({"text": "e0"}, ["e0"]),
    ],
)
def test_filters(query: dict[str, Any], found: list[str]) -> None:
    assert shown(ring(outcome(0), outcome(1, tenant="other", platform="tiktok")), **query) == found


def test_who_does_not_see_all_does_not_see_what_has_no_tenant() -> None:
    made = Ring(5)
    made.add(Reject(topic="capi.events", partition=0, offset=1, reason="not JSON"), place(1))
    assert len(made.recent(RecentOf()).lines) == 1
    assert made.recent(RecentOf(tenants=("default",))).lines == ()


def test_lines_of_a_partition_are_forgotten() -> None:
    made = Ring(5)
    made.add(outcome(0), place(0, partition=0))
    made.add(outcome(1), place(0, partition=1))
    made.forget(frozenset({0}))
    assert shown(made) == ["e1"]
