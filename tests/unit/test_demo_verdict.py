"""The demo's verdict sees every kind of loss: each test takes one good run and spoils one thing."""

from __future__ import annotations

import msgspec
import pytest

from agents.demo.plan import Planned
from agents.demo.progress import Progress
from agents.demo.verdict import Accepted, Verdict, judge
from streams.events import Batch, Enriched, Event, FlushReason, Reject


def planned(event_id: str, identified: bool = False) -> Planned:
    return Planned(0.0, event_id, "s1", identified, {})


def batch(batch_id: str, *event_ids: str, reason: FlushReason = "idle") -> Batch:
    events = (
        Enriched(
            event=Event(event_id=i, event_name="ViewContent", event_time_ms=1, tenant="default", session_id="s1")
        )
        for i in event_ids
    )
    return Batch(
        batch_id=batch_id,
        tenant="default",
        session_id="s1",
        reason=reason,
        partition=0,
        first_offset=0,
        opened_at_ms=1,
        flushed_at_ms=2,
        events=tuple(events),
    )


def both(event_id: str, identified: bool = False, count: int = 1) -> list[Accepted]:
    keys = {"meta": ("em", "fbp"), "tiktok": ("email", "ttp")} if identified else {"meta": (), "tiktok": ()}
    return [Accepted(platform, event_id, count, found) for platform, found in keys.items()]


PLAN = [planned("view"), planned("cart", identified=True), planned("later")]
BATCHES = [batch("b1", "view", "cart", reason="purchase"), batch("b2", "later")]
LEDGER = [*both("view", identified=True), *both("cart", identified=True), *both("later")]


def test_a_good_run() -> None:
    verdict = judge(PLAN, BATCHES, LEDGER, {})
    assert verdict.good
    assert (verdict.events_in, verdict.sessions, verdict.batches) == (3, 1, 2)
    assert verdict.flushes == {"purchase": 1, "idle": 1}
    assert verdict.delivered == {"meta": 3, "tiktok": 3}
    assert verdict.identified == {"meta": 2, "tiktok": 2}
    assert verdict.backfilled == {"meta": 1, "tiktok": 1}


def test_what_an_earlier_visit_brought_is_counted_and_who_was_known_at_first_sight() -> None:
    told = msgspec.structs.replace(BATCHES[0].events[0], backfilled={"em": "visitor:fbp"})
    recalled = msgspec.structs.replace(BATCHES[0], events=(told, *BATCHES[0].events[1:]))
    verdict = judge(PLAN, [recalled, BATCHES[1]], LEDGER, {})
    assert (verdict.recognised, verdict.recognised_at_once) == ({"meta": 1, "tiktok": 1}, 1)
    assert judge(PLAN, BATCHES, LEDGER, {}).recognised_at_once == 0


def test_an_event_missing_at_one_platform_is_lost() -> None:
    verdict = judge(PLAN, BATCHES, LEDGER[:-1], {})
    assert verdict.lost == ("tiktok later",)
    assert not verdict.good


def test_an_event_accepted_twice_is_a_duplicate_and_no_loss() -> None:
    verdict = judge(PLAN, BATCHES, [*LEDGER[:-2], *both("later", count=3)], {})
    assert (verdict.duplicates, verdict.good) == (4, True)


def test_an_event_nobody_sent_is_unexpected() -> None:
    verdict = judge(PLAN, BATCHES, [*LEDGER, *both("ghost")], {})
    assert verdict.unexpected == ("meta ghost", "tiktok ghost")
    assert not verdict.good


@pytest.mark.parametrize("again", [BATCHES[1], batch("b3", "later")])
def test_an_event_in_two_batches_or_a_batch_twice(again: Batch) -> None:
    verdict = judge(PLAN, [*BATCHES, again], LEDGER, {})
    assert verdict.flushed_twice == ("later",)
    assert not verdict.good


def test_an_event_that_left_with_a_known_visitor_but_arrived_without() -> None:
    verdict = judge(PLAN, BATCHES, [*both("view"), *LEDGER[2:]], {})
    assert verdict.not_backfilled == ("meta view", "tiktok view")
    assert not verdict.good


def test_a_reject_fails_the_run_and_gives_its_reason() -> None:
    progress = Progress(planned=1)
    progress.on_left(Reject(topic="t", partition=0, offset=0, reason="too long", field="session_id"))
    verdict: Verdict = judge(PLAN, BATCHES, LEDGER, progress.rejected)
    assert verdict.rejected == {"too long (session_id)": 1}
    assert not verdict.good


def test_personal_data_in_the_clear_fails_the_run() -> None:
    assert not judge(PLAN, BATCHES, LEDGER, {}, in_clear=1).good


def test_progress_counts_what_waits_and_ends_when_all_arrived() -> None:
    progress = Progress(planned=3)
    for step in PLAN:
        progress.on_sent(step)
    progress.on_left(BATCHES[0])
    assert (progress.open_sessions, progress.held) == (1, 1)
    progress.on_ledger(LEDGER[:-1])
    assert not progress.complete
    progress.on_ledger(LEDGER)
    progress.on_left(BATCHES[1])
    assert (progress.complete, progress.open_sessions) == (True, 0)


def test_a_batch_seen_before_its_confirmation_does_not_upset_the_count() -> None:
    progress = Progress(planned=1)
    progress.on_left(BATCHES[1])
    progress.on_sent(PLAN[2])
    assert (progress.open_sessions, progress.held) == (0, 0)
