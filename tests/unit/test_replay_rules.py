"""May a job be sent again? Every fate, at its edges, and the set of jobs that it is decided by."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.deliver.policy import DROPPED
from sinks.jobs import Checked
from sinks.replay import ids as module
from sinks.replay.fate import STORE_SHARE, Known, fate, identity_of
from sinks.replay.ids import JobIds
from streams.events import Outcome
from streams.quality import Problem, warning
from streams.settings import load_settings
from tests.unit.deliver_letters import NOW_MS, job

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
SETTINGS = load_settings()
TOO_OLD = Problem("age", "$.timestamp", "too old", "send it sooner")
STORE_MS = round(STORE_SHARE * SETTINGS.delivered_ttl_s * 1000)


def outcome(number: int = 1, what: str = "delivered", **fields: Any) -> Outcome:
    sent = job(number)
    told: dict[str, Any] = {
        "job_id": sent.job_id,
        "tenant": "default",
        "session_id": sent.event.session_id,
        "platform": "meta",
        "pixel_id": sent.pixel_id,
        "event_id": sent.event.event_id,
        "event_name": sent.event_name,
        "attempt": 1,
        "outcome": what,
        "at_ms": NOW_MS,
    }
    return msgspec.convert(told | fields, Outcome)


def known(*outcomes: Outcome, from_ms: int = 0) -> Known:
    made = Known(from_ms)
    for one in outcomes:
        made.learn(one)
    return made


def found(age_ms: int, known: Known, *problems: Problem) -> str:
    checked = Checked(job(1, event_time_ms=NOW_MS - age_ms), problems)
    return fate(checked, NOW_MS - age_ms, known, NOW_MS, SETTINGS)


@pytest.mark.parametrize("what", ["delivered", "duplicate"])
def test_what_the_platform_has_is_not_sent_however_young(what: str) -> None:
    assert found(HOUR_MS, known(outcome(1, what))) == "delivered"
    assert found(HOUR_MS, known(outcome(2, what))) == "send"


@pytest.mark.parametrize("what", ["throttled", "transient", "misconfigured", "expired"])
def test_failed_attempts_are_no_acknowledgement(what: str) -> None:
    assert found(3 * DAY_MS, known(outcome(1, what, parked=True))) == "send"


def test_refused_by_the_platform_or_dropped_by_a_person_is_settled() -> None:
    assert found(HOUR_MS, known(outcome(1, "invalid", parked=True))) == "settled"
    assert found(HOUR_MS, known(outcome(1, "transient", code=DROPPED))) == "settled"
    assert found(HOUR_MS, known(outcome(1, "invalid"), outcome(1, "delivered"))) == "delivered"


def test_too_old_for_the_platform_is_refused_and_a_warning_is_not() -> None:
    assert found(HOUR_MS, known(), TOO_OLD) == "refused"
    assert found(HOUR_MS, known(), warning(TOO_OLD)) == "send"
    assert found(8 * DAY_MS, known()) == "refused"


def test_old_jobs_need_outcomes_that_reach_back() -> None:
    assert found(STORE_MS - 1, known(from_ms=NOW_MS)) == "send"
    assert found(STORE_MS, known(from_ms=NOW_MS - STORE_MS)) == "send"
    assert found(STORE_MS, known(from_ms=NOW_MS - STORE_MS + 1)) == "unknown"
    assert found(STORE_MS, known(outcome(1), from_ms=NOW_MS)) == "delivered"


def test_name_and_pixel_are_part_of_a_job() -> None:
    assert found(HOUR_MS, known(outcome(1, event_name="Other"), outcome(1, pixel_id="9"))) == "send"


@given(st.sets(st.integers(0, 500)), st.integers(1, 50))
def test_a_set_of_jobs_is_a_set(numbers: set[int], run: int) -> None:
    whole = module.RUN
    module.RUN = run
    try:
        ids = JobIds()
        for number in numbers:
            ids.add(identity_of(job(number)))
            ids.add(identity_of(job(number)))
            assert identity_of(job(number)) in ids
        assert {number for number in range(501) if identity_of(job(number)) in ids} == numbers
    finally:
        module.RUN = whole
