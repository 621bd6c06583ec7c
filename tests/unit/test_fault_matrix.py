"""What the fault matrix decides without a process: cases, the verdict's additions, rows, the page."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.faults.matrix import page
from tests.faults.matrix.__main__ import shared
from tests.faults.matrix.arena import Arena
from tests.faults.matrix.case import CASES, Case, case
from tests.faults.matrix.doors import DOORS, of_shop, part
from tests.faults.matrix.matrix import by_services
from tests.faults.matrix.mirror import Seen, is_over
from tests.faults.matrix.registry import chosen
from tests.faults.matrix.run import Outcome
from tests.faults.matrix.services import Services, plain
from tests.faults.matrix.table import COLUMNS, added_up, cells, markdown, row_of
from tests.faults.plan import SHOPS, Plan, make_plan
from tests.faults.verdict import Collected, Landed, Verdict, expected_on, judge, pixel_of, taken

PLAN = make_plan(3, events=60, sessions=15, duration_s=5)


async def nothing(arena: Arena, rng: random.Random) -> None:
    return None


def a_case(name: str, services: object = plain, group: str = "roles") -> Case:
    return Case(name=name, group=group, what="it dies", strike=nothing, services=services)  # type: ignore[arg-type]


def other_services(folder: Path) -> Services:
    return plain(folder)


def landed(plan: Plan, first_ms: int = 1_000) -> list[Landed]:
    events = plan.events()
    return [
        Landed(platform, pixel_of(platform, events[event_id].shop), event_id, 1, first_ms)
        for platform in ("meta", "tiktok")
        for event_id in sorted(expected_on(events, platform))
    ]


def verdict(
    lines: Sequence[Landed], told: Sequence[Landed] | None = None, mirror: int = 0, accepted_ms: int = 0
) -> Verdict:
    events = PLAN.events()
    collected = Collected(
        accepted=frozenset(),
        batches=(),
        landed=lines,
        accepted_ms=dict.fromkeys(events, accepted_ms),
        told=None if told is None else frozenset(taken(Collected(frozenset(), (), landed=told))),
        mirror_differences=mirror,
    )
    return judge(PLAN, collected, 0)


def test_what_only_the_ledger_or_only_a_platform_knows_is_a_difference() -> None:
    lines = landed(PLAN)
    assert verdict(lines, lines).ledger_differences == 0
    assert verdict(lines, lines[2:]).ledger_differences == 2
    assert verdict(lines[3:], lines).ledger_differences == 3
    assert verdict(lines).ledger_differences == 0, "nobody asked the ledger"
    asked = Collected(
        frozenset(), (), landed=lines, told=frozenset(), asked=frozenset({lines[0].event_id, "not delivered"})
    )
    assert judge(PLAN, asked).ledger_differences == sum(line.event_id == lines[0].event_id for line in lines)
    assert "2 ledger differences" in verdict(lines, lines[2:]).problems


def test_a_session_of_the_mirrors_check_is_over_when_seen_right_or_gone() -> None:
    assert not is_over([Seen()]), "it has not come yet"
    assert not is_over([Seen(), Seen(2, 0)]), "it may be drawn yet"
    assert is_over([Seen(), Seen(2, 0), Seen(2, 2)])
    assert is_over([Seen(2, 0), Seen()])
    assert not is_over([Seen(2, 0), Seen(why="away")])


def test_lists_that_are_not_as_the_workers_say_are_a_problem() -> None:
    assert "4 mirror differences" in verdict(landed(PLAN), mirror=4).problems


def test_the_worst_delay_is_from_accepted_to_the_first_delivery() -> None:
    lines = landed(PLAN, 9_000)
    lines[5] = Landed(lines[5].platform, lines[5].pixel_id, lines[5].event_id, 2, 12_500)
    assert verdict(lines, accepted_ms=1_000).worst_delay_s == 11.5


def test_every_session_comes_by_one_door_and_none_is_left_out() -> None:
    parts = [part(PLAN, door) for door in range(DOORS)]
    sessions = [{sent.session_id for sent in each.sends} for each in parts]
    assert sorted(sent.event_id for each in parts for sent in each.sends) == sorted(
        sent.event_id for sent in PLAN.sends
    )
    assert all(sessions)
    assert sum(map(len, sessions)) == len(set.union(*sessions))
    assert sum(len(of_shop(PLAN, shop).sends) for shop in SHOPS) == len(PLAN.sends)


def test_a_name_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.matrix.case.CASES", {})
    case("one", "roles", "it dies")(nothing)
    with pytest.raises(ValueError, match="two cases are named one"):
        case("one", "roles", "it dies")(nothing)


def test_cases_on_the_same_services_are_beside_each_other() -> None:
    cases = [a_case("a"), a_case("b", other_services), a_case("c")]
    assert [each.name for each in by_services(cases)] == ["a", "c", "b"]


def test_cases_are_chosen_by_name_group_and_for_ci() -> None:
    assert {each.name for each in chosen("kill *")} == {name for name in CASES if fnmatch(name, "kill *")} != set()
    assert {each.group for each in chosen(group="kafka")} == {"kafka"}
    few = chosen(ci=True)
    assert 0 < len(few) <= 10, "CI has eight minutes for all its fault tests"


def test_shares_of_the_matrix_are_all_of_it() -> None:
    cases = [a_case(name) for name in "abcdefg"]
    shares = [shared(cases, f"{n}/3") for n in (1, 2, 3)]
    assert [each.name for each in shares[1]] == ["b", "e"]
    assert sorted(each.name for share in shares for each in share) == list("abcdefg")
    assert shared(cases, "1/1") == cases


def test_every_case_says_in_one_sentence_what_it_is() -> None:
    for each in CASES.values():
        assert len(each.what) > 10, each.name
        assert "|" not in each.what, each.name
        assert not each.what.endswith("."), each.name


def outcome(*problems: str, seed: int = 1) -> Outcome:
    found = verdict(landed(PLAN)[1:], mirror=1)
    return Outcome(case="a", seed=seed, verdict=found, problems=problems, usable=True, exits={}, took_s=1.0)


def test_a_row_adds_its_runs_up_and_names_the_seeds_of_those_that_failed() -> None:
    row = row_of(a_case("a"), [outcome(), outcome("one lost", seed=8)])
    assert (row.runs, row.failed, row.differing) == (2, 1, 2)
    assert row.delivered == 2 * (len(landed(PLAN)) - 1)
    assert row.problems == ("seed 8: one lost",)
    assert len(cells(row)) == len(COLUMNS)


def test_rows_of_several_machines_are_one_a_case() -> None:
    first, second = (row_of(a_case("kill it"), [outcome("lost", seed=n)]) for n in (1, 2))
    (both, other) = added_up([first, row_of(a_case("another"), [outcome()]), second])
    assert (both.case, both.runs, both.failed, both.accepted) == ("kill it", 2, 2, 2 * first.accepted)
    assert both.problems == (*first.problems, *second.problems)
    assert (other.case, other.runs, other.failed) == ("another", 1, 0)


def test_the_page_gets_a_line_for_each_group_and_case() -> None:
    rows = [row_of(a_case("a"), [outcome()]), row_of(a_case("b", group="kafka"), [outcome("x")])]
    lines = [*markdown(rows)]
    assert lines[2].startswith("| **roles** |")
    assert lines[3].startswith("| a | it dies | 1 |")
    assert lines[5].startswith("| b | it dies | 1 (1 failed) |")
    assert len({line.count("|") for line in lines}) == 1


def test_the_table_replaces_what_was_between_the_markers() -> None:
    text = f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n"
    written = page.with_table(text, ["new"])
    assert written == f"before\n{page.BEGIN}\nnew\n{page.END}\nafter\n"
    assert page.with_table(written, ["newer"]).count("new") == 1


@pytest.mark.parametrize(
    "text", ["", page.BEGIN, f"{page.END} {page.BEGIN}", f"{page.BEGIN}{page.BEGIN}{page.END}"]
)
def test_a_page_without_its_markers_is_refused(text: str) -> None:
    with pytest.raises(page.PageError):
        page.with_table(text, ["new"])
