"""The judge of the fault tests: hand-made losses, doubles and gaps must all be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from streams.events import Batch, Enriched, Event, Reject, UserData
from tests.faults.plan import Plan, Planned, email_hash, email_of, make_plan
from tests.faults.verdict import Collected, Landed, Verdict, expected_on, judge, pixel_of

SESSION = "s1"
VIEW, LOGIN, CART, BUY, LATER = (
    Planned(event_id=name, event_name=kind, shop="north", session_id=SESSION, at_s=place, behind_s=0, email=email)
    for place, (name, kind, email) in enumerate(
        [
            ("view", "PageView", ""),
            ("login", "Identify", email_of(SESSION)),
            ("cart", "AddToCart", ""),
            ("buy", "Purchase", email_of(SESSION)),
            ("later", "ViewContent", ""),
        ]
    )
)
PLAN = Plan(seed=1, duration_s=5, sends=(VIEW, LOGIN, CART, VIEW, BUY, LATER))
EVERYTHING = frozenset(PLAN.events())


def batch(batch_id: str, *event_ids: str, em: bool = True) -> Batch:
    user = UserData(em=(email_hash(SESSION),) if em else ())
    events = [
        Enriched(
            event=Event(
                event_id=event_id,
                event_name="ViewContent",
                event_time_ms=1,
                tenant="north",
                session_id=SESSION,
                user=user,
            )
        )
        for event_id in event_ids
    ]
    return Batch(
        batch_id=batch_id,
        tenant="north",
        session_id=SESSION,
        reason="idle",
        partition=0,
        first_offset=0,
        opened_at_ms=0,
        flushed_at_ms=1,
        events=tuple(events),
    )


GOOD = (batch("a", "view", "cart", "buy"), batch("b", "later", em=False))


def all_landed() -> list[Landed]:
    return [
        Landed(platform, pixel_of(platform, "north"), event_id, 1)
        for platform in ("meta", "tiktok")
        for event_id in sorted(expected_on(PLAN.events(), platform))
    ]


def verdict(
    batches: Sequence[Batch] = GOOD,
    landed: Sequence[Landed] | None = None,
    accepted: frozenset[str] = EVERYTHING,
    bound: int = 0,
) -> Verdict:
    return judge(PLAN, Collected(accepted, batches, (), landed), bound)


def test_what_an_earlier_visit_told_is_counted_and_another_visitors_is_a_problem() -> None:
    told = msgspec.structs.replace(GOOD[0].events[0], backfilled={"em": "visitor:fbp"})
    assert verdict((msgspec.structs.replace(GOOD[0], events=(told,)), *GOOD)).recognised == 1
    foreign = msgspec.structs.replace(GOOD[0], session_id="s2.1")
    assert verdict((foreign, GOOD[1])).strangers == 3
    assert "3 strangers" in verdict((foreign, GOOD[1])).problems


def test_nothing_lost_is_no_problem() -> None:
    found = verdict(landed=all_landed())
    assert found.problems == ()
    assert [(row.what, row.attempted, row.delivered) for row in found.rows] == [
        ("batches", 4, 4),
        ("meta", 4, 4),
        ("tiktok", 3, 3),
    ]


def test_event_missing_from_batches_is_lost() -> None:
    found = verdict([batch("a", "view", "cart", "buy")])
    assert found.rows[0].lost_ids == ("later",)
    assert found.problems == ("batches: 1 lost, for example later",)


def test_event_that_kafka_never_acknowledged_is_not_lost() -> None:
    found = verdict([batch("a", "view", "cart", "buy")], accepted=EVERYTHING - {"later"})
    assert (found.rows[0].accepted, found.rows[0].lost, found.problems) == (3, 0, ())


def test_unacknowledged_event_that_came_out_is_recovered() -> None:
    found = verdict(accepted=EVERYTHING - {"later"})
    assert (found.rows[0].recovered, found.problems) == (1, ())


def test_batch_sent_twice_is_seen() -> None:
    found = verdict([*GOOD, GOOD[1]])
    assert (found.batch_ids_twice, found.copies_differ, found.rows[0].duplicated) == (1, 0, 1)
    assert "1 batch ids twice" in found.problems


def test_copies_of_a_batch_that_differ_are_seen() -> None:
    found = verdict([*GOOD, batch("b", "later", em=True)])
    assert (found.batch_ids_twice, found.copies_differ, found.events_in_two_batches) == (1, 1, 0)


def test_event_in_two_batches_is_seen() -> None:
    found = verdict([*GOOD, batch("c", "view")])
    assert found.events_in_two_batches == 1
    assert "1 events in two batches" in found.problems


@pytest.mark.parametrize(("apart_ms", "blamed"), [(23_999, 1), (24_000, 0)])
def test_copy_that_came_after_the_grace_is_counted_but_not_blamed(apart_ms: int, blamed: int) -> None:
    log = {"view": [5_000 + apart_ms, 5_000]}
    data = Collected(EVERYTHING, [*GOOD, batch("c", "view")], arrivals=log, remembers_ms=24_000)
    found = judge(PLAN, data)
    assert (found.events_in_two_batches, found.came_too_late) == (blamed, 1 - blamed)


@pytest.mark.parametrize("stranger", ["nobody-planned", "login"])
def test_stranger_and_delivered_login_are_unexpected(stranger: str) -> None:
    found = verdict([*GOOD, batch("c", stranger)])
    assert found.rows[0].unexpected_ids == (stranger,)


def test_batch_with_its_purchase_must_carry_the_email_everywhere() -> None:
    assert verdict([batch("a", "view", "cart", "buy", em=False), GOOD[1]]).not_enriched == 3


def test_known_events_are_counted_so_that_none_missing_means_something() -> None:
    assert verdict().certainly_known == 3


def test_login_between_first_and_last_event_must_be_backfilled() -> None:
    split = [batch("a", "view", "cart", em=False), batch("b", "buy"), batch("c", "later", em=False)]
    assert verdict(split).not_enriched == 2


def test_window_before_or_after_the_login_may_be_anonymous() -> None:
    split = [batch("a", "view", em=False), batch("b", "cart", em=False), batch("c", "buy"), GOOD[1]]
    assert verdict(split).not_enriched == 0


def test_event_missing_on_one_platform_is_lost_there() -> None:
    landed = [line for line in all_landed() if (line.platform, line.event_id) != ("tiktok", "buy")]
    assert verdict(landed=landed).problems == ("tiktok: 1 lost, for example buy",)


def test_event_on_another_shops_pixel_is_unexpected_and_lost() -> None:
    landed = [*all_landed()[1:], msgspec.structs.replace(all_landed()[0], pixel_id="meta-south")]
    row = verdict(landed=landed).rows[1]
    assert (row.lost, row.unexpected_ids) == (1, (f"meta-south:{all_landed()[0].event_id}",))


def test_platform_duplicates_count_against_the_bound() -> None:
    landed = [msgspec.structs.replace(line, count=3) for line in all_landed()]
    assert verdict(landed=landed, bound=14).problems == ()
    assert verdict(landed=landed, bound=13).problems == ("14 platform duplicates, at most 13 excused",)


def test_rejected_events_are_a_problem() -> None:
    reject = Reject(topic="capi.events", partition=0, offset=1, reason="not JSON")
    found = judge(PLAN, Collected(EVERYTHING, GOOD, (reject,)))
    assert found.problems == ("1 rejected",)


def test_personal_data_in_clear_is_a_problem() -> None:
    assert judge(PLAN, Collected(EVERYTHING, GOOD, in_clear=1)).problems == ("1 in clear",)


def test_plan_is_a_function_of_its_seed_and_large_enough() -> None:
    plan = make_plan(7)
    events = plan.events()
    assert plan == make_plan(7)
    assert plan != make_plan(8)
    assert len(events) >= 4_000
    assert len({event.session_id for event in events.values()}) == 900
    assert {event.event_name for event in events.values()} >= {"Identify", "Purchase", "PageView"}
    assert len(plan.sends) > len(events) * 1.03
    assert max(send.at_s for send in plan.sends) < plan.duration_s + 2


def test_plan_sends_a_visit_in_order_and_its_clock_out_of_order() -> None:
    raws = [msgspec.json.decode(send.raw(1_700_000_000)) for send in make_plan(7, events=400, sessions=40).sends]
    first: dict[str, list[dict[str, Any]]] = {}
    for raw in raws:
        first.setdefault(str(raw["session_id"]), []).append(raw)
    assert any(
        [r["timestamp"] for r in visit] != sorted(r["timestamp"] for r in visit) for visit in first.values()
    )
    assert all("em" in raw["user_data"] for raw in raws if raw["event_name"] in ("Purchase", "Identify"))
