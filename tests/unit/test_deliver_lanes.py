"""A lane over made-up time: when it closes, probes, opens, and how its rate moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.deliver.lanes import FAILING_S, LONGEST_S, LONGEST_THROTTLE_S, PAUSED_S, Lane
from sinks.deliver.rates import CLEAN_S, SLOWEST, Rate
from sinks.deliver.usage import used_percent
from sinks.platforms.contract import Delivered, Invalid, Misconfigured, Result, Throttled, Transient

PROBE_S = 60.0
OK, DEAD = Delivered(1), Misconfigured("token", "190")


def test_refused_token_stops_the_lane_and_is_told_once() -> None:
    lane = Lane(PROBE_S)
    assert (lane.state, lane.wait_s(0)) == ("open", 0)
    assert lane.answered(DEAD, 0, 10.0) == "stopped"
    assert (lane.state, lane.one_at_a_time, lane.wait_s(10.0)) == ("stopped", True, PROBE_S)
    told = [lane.answered(DEAD, 0, now_s) for now_s in (10.1, 70.0, 190.0, 430.0)]
    assert told == [""] * 4


def test_probes_grow_to_a_quarter_of_an_hour() -> None:
    lane, now_s, pauses = Lane(PROBE_S), 0.0, []
    for _ in range(7):
        lane.answered(DEAD, 0, now_s)
        pauses.append(lane.wait_s(now_s))
        now_s += pauses[-1]
        assert lane.wait_s(now_s) == 0
    assert pauses == [60, 120, 240, 480, LONGEST_S, LONGEST_S, LONGEST_S]


@pytest.mark.parametrize("result", [OK, Invalid(0, "bad value"), Throttled(30, "slow")])
def test_a_probe_that_the_platform_takes_opens_the_lane(result: Result) -> None:
    lane = Lane(PROBE_S)
    lane.answered(DEAD, 0, 0.0)
    assert lane.answered(result, 0, 60.0) == "resumed"
    assert not lane.one_at_a_time
    assert lane.wait_s(60.0) == (30 if isinstance(result, Throttled) else 0)
    assert lane.answered(DEAD, 0, 500.0) == "stopped", "the next time is told again"
    assert lane.wait_s(500.0) == PROBE_S


def test_answers_to_posts_from_before_it_stopped_change_nothing() -> None:
    lane = Lane(PROBE_S)
    lane.answered(DEAD, 0, 0.0)
    assert lane.answered(OK, 0, 0.5) == ""
    assert (lane.state, lane.wait_s(0.5)) == ("stopped", PROBE_S - 0.5)


def test_a_block_is_not_probed_every_minute() -> None:
    lane, now_s, pauses = Lane(PROBE_S), 0.0, []
    for _ in range(3):
        lane.answered(Misconfigured("blocked", "368", after_s=600), 0, now_s)
        pauses.append(lane.wait_s(now_s))
        now_s += pauses[-1]
    assert pauses == [600, LONGEST_S, LONGEST_S]


def test_a_new_token_is_tried_at_once() -> None:
    lane = Lane(PROBE_S)
    lane.answered(DEAD, 0, 0.0)
    assert [lane.probe_now(), lane.probe_now()] == [True, False]
    assert (lane.wait_s(1.0), lane.one_at_a_time) == (0, True)
    assert lane.answered(OK, 0, 1.1) == "resumed"


def test_two_failures_in_a_row_close_it_one_does_not() -> None:
    lane = Lane(PROBE_S)
    failed = Transient("500")
    assert [lane.answered(r, 0, 0.0) for r in (failed, OK, failed)] == ["", "", ""]
    assert lane.state == "open"
    assert lane.answered(failed, 0, 1.0) == "failing"
    assert lane.wait_s(1.0) == FAILING_S
    lane.answered(failed, 0, 6.0)
    assert lane.wait_s(6.0) == 2 * FAILING_S
    assert lane.answered(OK, 0, 16.0) == "resumed"


def test_operators_pause_goes_before_everything() -> None:
    lane = Lane(PROBE_S)
    assert lane.pause(True)
    assert not lane.pause(True)
    assert (lane.state, lane.wait_s(0)) == ("paused", PAUSED_S)
    assert lane.pause(False)
    assert (lane.state, lane.wait_s(0)) == ("open", 0)


def test_throttling_waits_as_asked_then_halves_and_recovers_slowly() -> None:
    lane = Lane(PROBE_S)
    for n in range(1000):
        lane.posting(n / 100)  # 100 POSTs a second
    assert lane.answered(Throttled(300, "slow"), 0, 10.0) == ""
    assert (lane.state, lane.wait_s(10.0)) == ("throttled", 300)
    assert lane.rate.limit == pytest.approx(50, rel=0.02)
    lane.answered(Throttled(0, "slow"), 0, 12.0)
    assert lane.rate.limit == pytest.approx(50, rel=0.02), "POSTs that were under way together count once"
    lane.answered(Throttled(0, "slow"), 0, 320.0)
    assert lane.rate.limit == pytest.approx(25, rel=0.02)
    lane.answered(OK, 0, 320.0 + CLEAN_S)
    assert lane.rate.limit == pytest.approx(30, rel=0.02)
    lane.answered(OK, 0, 320.0 + 15 * CLEAN_S)
    assert (lane.state, lane.rate.limit) == ("open", float("inf"))


def test_a_header_cannot_stop_a_lane_for_days() -> None:
    lane = Lane(PROBE_S)
    lane.answered(Throttled(1e9, "slow"), 0, 0.0)
    assert lane.wait_s(0.0) == LONGEST_THROTTLE_S


def test_usage_near_the_limit_slows_down_before_the_platform_does() -> None:
    lane = Lane(PROBE_S)
    states = []
    for used in (89.0, 90.0):
        lane.answered(OK, used, 0.0)
        states.append(lane.state)
    assert states == ["open", "throttled"]


@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from(["post", "halve", "clean"])), max_size=80))
def test_rate_stays_in_its_bounds_and_every_wait_ends(steps: list[tuple[float, str]]) -> None:
    rate, now_s = Rate(1000.0), 0.0
    for step_s, what in steps:
        now_s += step_s
        getattr(rate, {"post": "use"}.get(what, what))(now_s)
        assert SLOWEST <= rate.limit <= 1000.0
        assert rate.wait_s(now_s + rate.wait_s(now_s)) < 1e-6


def test_a_limited_rate_is_kept() -> None:
    rate = Rate()
    rate.halve(0.0)
    made, now_s = 0, 0.0
    while now_s < 100:
        if rate.wait_s(now_s) == 0:
            rate.use(now_s)
            made += 1
        now_s += 0.05
    assert made == pytest.approx(100 * rate.limit, rel=0.1)


def test_usage_headers() -> None:
    business = '{"12": [{"type": "x", "call_count": 3, "total_cputime": 95.5, "total_time": 1}, 7], "13": "odd"}'
    assert used_percent({"X-Business-Use-Case-Usage": business}) == 95.5
    assert used_percent({"x-app-usage": '{"call_count": 28}', "x-ad-account-usage": "<html>"}) == 28
    assert used_percent({"X-Ad-Account-Usage": '{"acc_id_util_pct": 91.2, "reset_time_duration": 60}'}) == 91.2
    assert used_percent({}) == 0
