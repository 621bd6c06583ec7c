from __future__ import annotations

import pytest

from sinks.deliver.policy import Ack, Park, Retry, decide, too_old
from sinks.deliver.splitting import SPENT
from sinks.platforms.contract import Delivered, Invalid, Misconfigured, Result, Throttled, Transient
from streams.settings import load_settings
from tests.unit.deliver_letters import NOW_MS, job

LIMITS = load_settings(retry_s=(300, 900, 3600, 21600))
DAY_MS = 86_400_000


def test_delivered_is_acknowledged() -> None:
    assert decide(Delivered(1, "trace"), job(), 1, NOW_MS, LIMITS) == Ack(outcome="delivered", trace_id="trace")


def test_invalid_is_parked_at_once_with_code() -> None:
    decision = decide(Invalid(0, "Purchase without a value", "100/2804009"), job(), 1, NOW_MS, LIMITS)
    assert decision == Park(outcome="invalid", why="Purchase without a value", code="100/2804009")


@pytest.mark.parametrize(("attempt", "delay_s"), [(1, 300), (2, 900), (3, 3600), (4, 21600)])
@pytest.mark.parametrize("result", [Throttled(0, "slow"), Transient("500"), Misconfigured("token")])
def test_ladder(result: Result, attempt: int, delay_s: float) -> None:
    decision = decide(result, job(), attempt, NOW_MS, LIMITS)
    assert isinstance(decision, Retry)
    assert (decision.rung.delay_s, decision.alone) == (delay_s, False)


def test_end_of_the_ladder_parks() -> None:
    decision = decide(Transient("500", "http 500"), job(), 5, NOW_MS, LIMITS)
    assert decision == Park(outcome="transient", why="given up after 5 attempts: 500", code="http 500")


def test_dead_token_keeps_the_jobs_until_they_are_too_old() -> None:
    kept = decide(Misconfigured("token"), job(), 9, NOW_MS, LIMITS)
    assert isinstance(kept, Retry)
    assert kept.rung.delay_s == 21600
    old = job(event_time_ms=NOW_MS - 7 * DAY_MS + 1000)
    assert decide(Misconfigured("token"), old, 9, NOW_MS, LIMITS).outcome == "expired"


def test_retry_after_skips_shorter_rungs() -> None:
    decision = decide(Throttled(1000, "slow"), job(), 1, NOW_MS, LIMITS)
    assert isinstance(decision, Retry)
    assert decision.rung.delay_s == 3600


def test_what_would_be_too_old_when_it_comes_back_is_parked_now() -> None:
    almost = job(event_time_ms=NOW_MS - 7 * DAY_MS + 299_000)
    assert decide(Transient("500"), almost, 1, NOW_MS, LIMITS).outcome == "expired"
    just = job(event_time_ms=NOW_MS - 7 * DAY_MS + 300_000)
    assert isinstance(decide(Transient("500"), just, 1, NOW_MS, LIMITS), Retry)


def test_age_limit_is_not_for_shop_sales() -> None:
    month_old = NOW_MS - 30 * DAY_MS
    assert too_old(job(event_time_ms=month_old), NOW_MS, LIMITS)
    assert not too_old(job(event_time_ms=month_old, action_source="physical_store"), NOW_MS, LIMITS)


def test_what_was_not_found_by_halving_goes_alone() -> None:
    decision = decide(SPENT, job(), 1, NOW_MS, LIMITS)
    assert isinstance(decision, Retry)
    assert decision.alone
