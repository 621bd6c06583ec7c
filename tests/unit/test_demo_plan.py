"""What the demo sends: real histories, squeezed, with invented people."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import msgspec
import pytest

from agents.demo.histories import PLACES, HistoriesError, load_histories
from agents.demo.plan import IDLE_S, PAUSE_S, Planned, make_plan

HISTORIES = load_histories(PLACES[-1])
SPEED = 600.0
PLAN = make_plan(HISTORIES, SPEED, 862)


def by_session(planned: list[Planned]) -> dict[str, list[Planned]]:
    ordered = sorted(planned, key=lambda step: step.session_id)
    return {key: [*steps] for key, steps in itertools.groupby(ordered, lambda step: step.session_id)}


def test_the_data_is_what_its_readme_says() -> None:
    kinds = [action.type for history in HISTORIES for action in history.events]
    assert len(HISTORIES) == 20
    assert [kinds.count(kind) for kind in ("clicks", "carts", "orders")] == [800, 52, 10]


def test_all_histories_once_are_862_events_in_time_order_each_with_its_own_id() -> None:
    assert len({step.event_id for step in PLAN}) == 862
    assert [step.at_s for step in PLAN] == sorted(step.at_s for step in PLAN)
    names = [step.raw["event_name"] for step in PLAN]
    assert [names.count(name) for name in ("ViewContent", "AddToCart", "Purchase")] == [800, 52, 10]


def test_within_a_session_the_order_of_the_history_is_kept() -> None:
    for steps in by_session(PLAN).values():
        assert [int(step.event_id.rsplit(".", 1)[1]) for step in steps] == [*range(len(steps))]


def test_every_pause_of_30_minutes_still_closes_a_window_and_no_shorter_one_does() -> None:
    gaps_s = [
        (later.at_s - earlier.at_s) * SPEED
        for steps in by_session(PLAN).values()
        for earlier, later in itertools.pairwise(steps)
    ]
    long = [gap_s for gap_s in gaps_s if gap_s >= IDLE_S]
    assert long == pytest.approx([PAUSE_S] * len(long))
    # 144 windows in 20 histories (30 min / 4 h); a day is a session, so midnight and the 4 h cut some elsewhere
    assert len(long) + len(by_session(PLAN)) == pytest.approx(144, abs=6)


def test_it_lasts_less_than_half_a_minute_whatever_the_number_of_events() -> None:
    assert make_plan(HISTORIES, SPEED, 5_000)[-1].at_s == pytest.approx(PLAN[-1].at_s, abs=1)
    assert PLAN[-1].at_s < 30


@pytest.mark.parametrize("events", [1, 100, 863, 3_000])
def test_exactly_as_many_events_as_asked_for(events: int) -> None:
    planned = make_plan(HISTORIES, SPEED, events)
    assert len({step.event_id for step in planned}) == events


def test_carts_log_in_orders_bring_an_address_and_clicks_bring_nobody() -> None:
    person = {"em", "ph", "fn", "ln", "external_id"}
    brought = {"ViewContent": set[str](), "AddToCart": {"em", "external_id"}, "Purchase": person}
    for step in PLAN:
        assert set(step.raw["user_data"]) & person == brought[step.raw["event_name"]]
        assert step.identified == (step.raw["event_name"] != "ViewContent")


def test_people_are_invented() -> None:
    text = msgspec.json.encode([step.raw for step in PLAN]).decode()
    assert set(re.findall(r"@([\w.]+)", text)) == {"example.com"}
    assert all(ip.startswith("198.51.100.") for ip in re.findall(r'"client_ip":"([^"]+)"', text))


def test_a_line_that_is_no_history_is_named(tmp_path: Path) -> None:
    path = tmp_path / "histories.jsonl"
    path.write_text('{"session":1,"events":[]}\n{"session":2}\n')
    with pytest.raises(HistoriesError, match="line 2"):
        load_histories(path)
