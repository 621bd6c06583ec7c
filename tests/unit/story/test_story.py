"""The story of an event: its steps in order, and the verdict, one sentence for each way that it can go."""

from __future__ import annotations

import pytest

from streams.ledger.answers import EventTrace, RejectSeen, Traces
from streams.ledger.story import Story, stories
from tests.unit.story.traces import NOON_MS, PURCHASE, attempt, delivered, job, purchase, reject

NOW_MS = NOON_MS + 60_000


def advice(platform: str, code: str) -> str:
    return f"{platform}: renew the token" if code == "190" else ""


def story_of(trace: EventTrace, *rejects: RejectSeen, now_ms: int = NOW_MS) -> Story:
    (found,) = stories(Traces(events=(trace,), rejects=rejects), now_ms, advice)
    return found


def test_a_delivered_purchase_step_by_step() -> None:
    found = story_of(purchase(delivered()))
    assert [step.what for step in found.steps] == [
        "Window opened",
        "Browser copy fired",
        "Received",
        "Enriched",
        "Enriched",
        "Left its session",
        "Queued for Meta",
        "Delivered to Meta",
    ]
    assert "Got em and ph from event login-1." in [step.text for step in found.steps]
    assert [step.event_id for step in found.steps if step.what == "Enriched"] == ["login-1", ""]
    assert found.steps[-1].facts == {"class": "delivered", "latency": "45 ms", "trace": "T1"}
    assert (found.verdict, found.tone) == ("Delivered to Meta 2.0 s after it happened.", "ok")


def test_what_nobody_has_heard_of_is_left_out() -> None:
    """An outcome can be all that is left: the batch is older than the topic."""
    found = story_of(EventTrace(tenant="shop", session_id="v", event_id="e", jobs=(delivered(queued_ms=0),)))
    assert [step.what for step in found.steps] == ["Delivered to Meta"]


def test_an_event_that_opened_its_window_and_a_clock_that_is_ahead() -> None:
    found = story_of(purchase(opened_ms=NOON_MS + 800, event_time_ms=NOON_MS + 30_800, browser_fired=()))
    texts = {step.what: step.text for step in found.steps}
    assert texts["Window opened"] == "By this event, or by one of the same moment."
    assert texts["Received"].endswith("The shop's clock is 30 s ahead of ours.")
    assert "No browser copy" in texts["Happened"]


RETRY = job(
    "tiktok", state="retry", attempts=(attempt("throttled", why="rate limit", code="40100", retry_in_s=300),)
)
WAITING = job(state="waiting", attempts=(attempt("misconfigured", why="token", code="190", retry_in_s=300),))
PARKED = job(state="parked", attempts=(attempt("invalid", why="invalid parameter", code="100", parked=True),))
DROPPED = job(
    state="dropped",
    attempts=(*PARKED.attempts, attempt("invalid", code="dropped", why="dropped by an operator: test data")),
)
THROWN_AWAY = job(state="dropped", attempts=(attempt("invalid", why="invalid parameter", code="100"),))


@pytest.mark.parametrize(
    ("jobs", "verdict", "tone"),
    [
        ([delivered(), delivered("tiktok")], "Delivered to Meta and TikTok 2.0 s after it happened.", "ok"),
        (
            [delivered(), RETRY],
            "Delivered to Meta 2.0 s after it happened; TikTok has not taken it yet (rate limit, 40100): the next "
            "attempt is due in 4 min.",
            "warn",
        ),
        ([WAITING], "Meta refuses the pixel (token, 190), so it waits: mend that and it goes.", "bad"),
        ([PARKED], "Given up for Meta (invalid parameter, 100): it lies among the dead letters.", "bad"),
        ([DROPPED], "Dropped for Meta (dropped by an operator: test data).", "bad"),
        ([job()], "Queued for Meta for 59 s, not tried yet.", "quiet"),
        (
            [delivered(), delivered(pixel_id="12")],
            "Delivered to Meta pixel 11 and Meta pixel 12 2.0 s after it happened.",
            "ok",
        ),
        (
            [delivered(age_ms=1_860_000)],
            "Delivered to Meta 31 min after it happened; but Meta discards it as a second copy: it came 31 min "
            "after the browser's copy.",
            "warn",
        ),
        (
            [delivered(age_ms=200_000_000)],
            "Delivered to Meta 2 d 7 h after it happened; but Meta counts it twice: it came 2 d 7 h after the "
            "browser's copy.",
            "warn",
        ),
        (
            [],
            "Left its session 59 s ago and was not queued: either no destination of tenant shop takes Purchase, "
            "or dispatch is behind.",
            "warn",
        ),
    ],
)
def test_the_verdict(jobs: list[object], verdict: str, tone: str) -> None:
    found = story_of(purchase(*jobs))  # type: ignore[arg-type]
    assert (found.verdict, found.tone) == (verdict, tone)


def test_an_attempt_says_what_it_means_and_what_to_do() -> None:
    (*_, step, due) = story_of(purchase(WAITING)).steps
    assert step.what == "Attempt 1 at Meta"
    assert step.text.startswith("Meta refuses the pixel, not this event (token): it waits")
    assert (step.todo, step.tone) == ("meta: renew the token", "bad")
    assert (due.what, due.text) == ("Next attempt due", "In 4 min.")


def test_an_attempt_that_is_overdue() -> None:
    late = story_of(purchase(RETRY), now_ms=NOW_MS + 3_600_000)
    assert late.steps[-1].text.startswith("It was due 55 min ago.")
    assert late.steps[-1].tone == "warn"
    assert late.verdict.endswith("the next attempt has been due for 55 min.")


def test_what_was_replayed_and_parked_again_leads_to_the_dead_letters_once() -> None:
    twice = (PARKED.attempts[0], attempt("invalid", at_ms=NOON_MS + 9_000, code="100", parked=True))
    steps = story_of(purchase(job(state="parked", attempts=twice))).steps
    assert [step.what for step in steps[-3:]] == ["Attempt 1 at Meta", "Sent again", "Attempt 1 at Meta"]
    assert [step.parked for step in steps[-3:]] == [False, False, True]
    assert ["lies among the dead letters" in step.text for step in steps[-3:]] == [False, False, True]


def test_a_duplicate_is_not_sent_a_second_time() -> None:
    twice = (attempt("delivered"), attempt("duplicate", at_ms=NOON_MS + 9_000))
    step = story_of(purchase(job(state="delivered", attempts=twice))).steps[-1]
    assert (step.what, step.tone) == ("Delivered to Meta", "ok")
    assert step.text == "Meta had it already, so it was not sent a second time."


def test_dropped_by_a_person_and_thrown_away_by_the_setting() -> None:
    step = story_of(purchase(DROPPED)).steps[-1]
    assert (step.what, step.text) == ("Dropped for Meta", "Dropped by an operator: test data.")
    assert story_of(purchase(THROWN_AWAY)).steps[-1].text.endswith("It was thrown away, as CAPI_INVALID says.")


def test_what_one_destination_would_refuse_belongs_to_its_event() -> None:
    found = story_of(purchase(delivered()), reject(platform="tiktok", pixel_id="C1"))
    step = next(step for step in found.steps if step.what == "Not sent to TikTok")
    assert step.facts["field"] == "custom_data.currency"
    assert step.todo == "send an ISO 4217 code"
    assert found.verdict.endswith("; not sent to TikTok: a Purchase needs a currency.")
    assert found.tone == "bad"


def test_a_record_that_was_not_taken_is_a_story_of_its_own() -> None:
    left, refused = stories(Traces(events=(purchase(delivered()),), rejects=(reject(),)), NOW_MS, advice)
    assert left.event is not None
    assert (refused.event, refused.verdict) == (None, "Not taken: a Purchase needs a currency.")


def test_several_events_with_one_id_the_newest_first_each_with_its_refusals() -> None:
    other = purchase(session_id="visit-2", flushed_ms=NOON_MS + 5_000)
    foreign = purchase(tenant="other", flushed_ms=NOON_MS)
    late = reject(platform="meta", at_ms=NOON_MS + 6_000)
    found = stories(Traces(events=(PURCHASE, other, foreign), rejects=(late,)), NOW_MS, advice)
    assert [story.event and story.event.session_id for story in found] == ["visit-2", "visit-1", "visit-1"]
    assert [len(story.rejects) for story in found] == [1, 0, 0]


def test_a_refusal_whose_event_another_worker_wrote_later_still_finds_it() -> None:
    """The clocks of a broker and a worker need not agree."""
    assert story_of(purchase(), reject(platform="meta", at_ms=NOON_MS - 5_000)).rejects
