from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sinks.deliver.batching import Batcher


def test_full_batch_leaves_at_once() -> None:
    batcher: Batcher[int] = Batcher(3)
    assert [batcher.add("a", n, 0.0, 1.0) for n in range(3)] == [[], [], [0, 1, 2]]
    assert batcher.next_due_s() is None


def test_most_urgent_item_decides_when_a_batch_leaves() -> None:
    batcher: Batcher[str] = Batcher(50)
    batcher.add("a", "view", 10.0, 1.0)
    batcher.add("a", "purchase", 10.2, 0.05)
    batcher.add("a", "later view", 10.21, 1.0)
    assert batcher.next_due_s() == 10.25
    assert batcher.due(10.24) == []
    assert batcher.due(10.25) == [["view", "purchase", "later view"]]


def test_keys_do_not_mix_and_pressure_takes_the_oldest() -> None:
    batcher: Batcher[int] = Batcher(50)
    batcher.add("a", 1, 0.0, 1.0)
    batcher.add("b", 2, 0.1, 0.05)
    batcher.add("a", 3, 0.2, 1.0)
    assert batcher.oldest() == [1, 3]
    assert batcher.oldest() == [2]
    assert batcher.oldest() == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 2), st.booleans()), max_size=60))
def test_every_item_leaves_once_in_order(steps: list[tuple[str, float, bool]]) -> None:
    batcher: Batcher[tuple[str, int]] = Batcher(4)
    left: list[tuple[str, int]] = []
    now_s = 0.0
    for number, (key, step_s, squeeze) in enumerate(steps):
        now_s += step_s
        left += batcher.add(key, (key, number), now_s, 0.5)
        left += [item for batch in batcher.due(now_s) for item in batch]
        left += batcher.oldest() if squeeze else []
    left += [item for batch in batcher.due(now_s + 1) for item in batch]
    assert sorted(number for _, number in left) == list(range(len(steps)))
    for name in "abc":
        numbers = [number for key, number in left if key == name]
        assert numbers == sorted(numbers)
