from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.deliver.splitting import Splitting, post_budget
from sinks.platforms.contract import Delivered, Invalid, Misconfigured, Result, Throttled


def play(items: list[int], bad: set[int], named: bool) -> tuple[dict[int, Result], int, list[int]]:
    splitting, known, posts = Splitting(items), {}, 0
    while part := splitting.next_part():
        posts += 1
        culprits = [index for index, item in enumerate(part) if item in bad]
        index = culprits[0] if culprits and named else None
        result: Result = Invalid(index, "bad") if culprits else Delivered(len(part))
        for item, its_result in splitting.settle(part, result):
            assert item not in known
            known[item] = its_result
    return known, posts, splitting.unknown()


def test_one_unnamed_culprit_in_a_hundred() -> None:
    known, posts, unknown = play(list(range(100)), {37}, named=False)
    assert [item for item, result in known.items() if isinstance(result, Invalid)] == [37]
    assert (len(known), unknown) == (100, [])
    assert posts <= 10


@pytest.mark.parametrize(
    ("size", "bad", "most", "left"),
    [(50, 1, 9, 0), (50, 2, 17, 0), (50, 5, 32, 35), (1000, 1, 13, 0), (1000, 2, 25, 0), (1000, 5, 60, 0)],
)
def test_unnamed_culprits_wherever_they_are(size: int, bad: int, most: int, left: int) -> None:
    for seed in range(50):
        culprits = set(Random(seed).sample(range(size), bad))
        _, posts, unknown = play(list(range(size)), culprits, named=False)
        assert posts <= most
        assert len(unknown) <= left


def test_nobody_is_condemned_unheard() -> None:
    """A batch that is refused for its size alone is delivered in parts."""
    splitting, known = Splitting(list(range(8))), []
    assert splitting.settle(splitting.next_part(), Invalid(None, "request too large")) == []
    while part := splitting.next_part():
        known += splitting.settle(part, Delivered(len(part)))
    assert sorted(item for item, _ in known) == list(range(8))
    assert not [item for item, result in known if isinstance(result, Invalid)]


def test_named_culprit_costs_one_more_post() -> None:
    known, posts, _ = play(list(range(50)), {7}, named=True)
    assert isinstance(known[7], Invalid)
    assert (len(known), posts) == (50, 2)


def test_index_outside_the_batch_is_not_believed() -> None:
    splitting = Splitting([1, 2])
    assert splitting.settle(splitting.next_part(), Invalid(5, "bad")) == []
    assert splitting.next_part() == [1]


def test_rate_limit_and_dead_token_are_not_halved() -> None:
    for result in (Throttled(1, "slow"), Misconfigured("token")):
        splitting = Splitting([1, 2, 3, 4])
        splitting.settle(splitting.next_part(), Invalid(None, "bad"))
        assert splitting.settle(splitting.next_part(), result) == [(item, result) for item in (1, 2, 3, 4)]
        assert splitting.next_part() == []


@given(st.integers(1, 120), st.sets(st.integers(0, 119)), st.booleans())
def test_every_item_is_judged_rightly_or_left_within_the_budget(size: int, bad: set[int], named: bool) -> None:
    known, posts, unknown = play(list(range(size)), bad, named)
    assert posts <= post_budget(size)
    assert sorted([*known, *unknown]) == list(range(size))
    assert all(isinstance(result, Invalid) == (item in bad) for item, result in known.items())
