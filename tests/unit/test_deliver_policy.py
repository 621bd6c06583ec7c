from __future__ import annotations

import pytest

from sinks.deliver.policy import Ack, Answered, Decision, Drop, Park, Retry, Wait, decide, too_old, wait
from sinks.deliver.splitting import SPENT
from sinks.platforms.contract import Delivered, Invalid, Misconfigured, Result, Throttled, Transient
from sinks.topology import Rung
from streams.events import Job
from streams.settings import Settings, load_settings
from tests.unit.deliver_letters import NOW_MS, job

LIMITS = load_settings(retry_s=(300, 900, 3600, 21600))
DAY_MS = 86_400_000


def after(result: Result, job: Job, attempt: int, lane_s: float = 0, limits: Settings = LIMITS) -> Decision:
    return decide(Answered(result), job, attempt, NOW_MS, limits, lane_s)


def test_delivered_is_acknowledged() -> None:
    assert after(Delivered(1, "trace"), job(), 1) == Ack(outcome="delivered", trace_id="trace")


def test_invalid_is_parked_at_once_with_code() -> None:
    decision = after(Invalid(0, "Purchase without a value", "100/2804009"), job(), 1)
    assert decision == Park(outcome="invalid", why="Purchase without a value", code="100/2804009")


@pytest.mark.parametrize(("attempt", "delay_s"), [(1, 300), (2, 900), (3, 3600), (4, 21600)])
@pytest.mark.parametrize("result", [Throttled(0, "slow"), Transient("500")])
def test_ladder(result: Result, attempt: int, delay_s: float) -> None:
    decision = after(result, job(), attempt)
    assert isinstance(decision, Retry)
    assert decision.rung.delay_s == delay_s


@pytest.mark.parametrize(
    ("result", "company"),
    [(Transient("500"), [0, 10, 1, 1]), (Throttled(0, "slow"), [0] * 4), (Misconfigured("token"), [0] * 4)],
)
def test_what_failed_again_and_again_gets_less_and_less_company(result: Result, company: list[int]) -> None:
    decisions = [after(result, job(), attempt) for attempt in (1, 2, 3, 4)]
    assert [decision.company for decision in decisions if isinstance(decision, Retry)] == company


def test_end_of_the_ladder_parks() -> None:
    decision = after(Transient("500", "http 500"), job(), 5)
    assert decision == Park(outcome="transient", why="given up after 5 attempts: 500", code="http 500")


@pytest.mark.parametrize(("lane_s", "delay_s"), [(0, 300), (60, 300), (500, 900), (900, 900), (99_999, 21600)])
def test_dead_token_keeps_the_jobs_uncounted_until_they_are_too_old(lane_s: float, delay_s: float) -> None:
    kept = after(Misconfigured("token"), job(), 9, lane_s)
    assert isinstance(kept, Retry)
    assert (kept.rung.delay_s, kept.counts) == (delay_s, False)
    old = job(event_time_ms=NOW_MS - 7 * DAY_MS + 1000)
    gone = after(Misconfigured("token"), old, 9, lane_s)
    assert isinstance(gone, Park)
    assert gone.outcome == "expired"


def test_job_of_a_closed_lane_waits_untried_until_it_is_too_old() -> None:
    assert wait(job(), NOW_MS, LIMITS, 700, "paused") == Wait(rung=Rung(900), why="paused")
    old = job(event_time_ms=NOW_MS - 7 * DAY_MS + 800_000)
    gone = wait(old, NOW_MS, LIMITS, 700, "paused")
    assert isinstance(gone, Park)
    assert (gone.outcome, gone.why) == ("expired", "too old before another attempt: paused")


def test_refused_event_is_dropped_when_that_is_set() -> None:
    dropped = after(Invalid(0, "bad", "100/1"), job(), 1, limits=load_settings(invalid="discard"))
    assert dropped == Drop(outcome="invalid", why="bad", code="100/1")


def test_what_is_known_of_the_post_goes_into_the_verdict() -> None:
    decision = decide(Answered(Transient("500", "2", "t"), 500, 37), job(), 1, NOW_MS, LIMITS, 0)
    assert isinstance(decision, Retry)
    assert (decision.http_status, decision.latency_ms, decision.code, decision.trace_id) == (500, 37, "2", "t")


def test_outcomes_of_failures_tell_how_long_the_lane_is_closed() -> None:
    for result in (Misconfigured("token", "190"), Transient("500"), Throttled(0, "slow")):
        retry = after(result, job(), 1, lane_s=61.234)
        assert isinstance(retry, Retry) and retry.closed_s == 61.2
    parked = after(Transient("500"), job(), 5, lane_s=7)
    assert isinstance(parked, Park) and parked.closed_s == 7
    told = after(Delivered(1, "t"), job(), 1, lane_s=0.5)  # its rate bounds it
    assert isinstance(told, Ack) and told.closed_s == 0


def test_retry_after_skips_shorter_rungs() -> None:
    decision = after(Throttled(1000, "slow"), job(), 1)
    assert isinstance(decision, Retry)
    assert decision.rung.delay_s == 3600


def test_what_would_be_too_old_when_it_comes_back_is_parked_now() -> None:
    almost = job(event_time_ms=NOW_MS - 7 * DAY_MS + 299_000)
    gone = after(Transient("500"), almost, 1)
    assert isinstance(gone, Park)
    assert gone.outcome == "expired"
    just = job(event_time_ms=NOW_MS - 7 * DAY_MS + 300_000)
    assert isinstance(after(Transient("500"), just, 1), Retry)


def test_age_limit_is_not_for_shop_sales() -> None:
    month_old = NOW_MS - 30 * DAY_MS
    assert too_old(job(event_time_ms=month_old), NOW_MS, LIMITS)
    assert not too_old(job(event_time_ms=month_old, action_source="physical_store"), NOW_MS, LIMITS)


def test_what_was_not_found_by_halving_goes_alone() -> None:
    decision = after(SPENT, job(), 1)
    assert isinstance(decision, Retry)
    assert decision.company == 1
