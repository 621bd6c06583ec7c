from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sinks.deliver.batching import Batcher

MOST = 1000


def batcher(size: int, weight: int = 10_000) -> Batcher[int]:
    return Batcher(size, weight)


def test_full_batch_is_ready_at_once() -> None:
    waiting = batcher(3)
    for n in range(4):
        waiting.add("a", n, 1, 9.0)
    assert waiting.pop(0.0, MOST) == [0, 1, 2]
    assert waiting.pop(0.0, MOST) == []
    assert (len(waiting), waiting.due_s()) == (1, 9.0)


def test_bytes_fill_a_batch_too_and_one_heavy_item_goes_alone() -> None:
    waiting = batcher(50, weight=100)
    for n, weight in enumerate((60, 30, 60, 500, 1)):
        waiting.add("a", n, weight, 9.0)
    assert [waiting.pop(0.0, MOST) for _ in range(4)] == [[0, 1], [2], [3], []]
    assert waiting.pop(9.0, MOST) == [4]


def test_most_urgent_item_decides_when_a_batch_leaves() -> None:
    waiting = batcher(50)
    waiting.add("a", 1, 1, 11.0)
    waiting.add("a", 2, 1, 10.25)
    waiting.add("a", 3, 1, 11.3)
    assert waiting.due_s() == 10.25
    assert waiting.pop(10.24, MOST) == []
    assert waiting.pop(10.25, MOST) == [1, 2, 3]
    assert waiting.due_s() is None


def test_keys_do_not_mix_and_pressure_takes_the_oldest() -> None:
    waiting = batcher(50)
    waiting.add("a", 1, 1, 9.0)
    waiting.add("b", 2, 1, 9.1)
    waiting.add("a", 3, 1, 9.2)
    assert waiting.pop(0.0, MOST, pressed=True) == [1, 3]
    assert waiting.pop(0.0, 0, pressed=True) == []
    assert waiting.clear() == [2]
    assert (len(waiting), waiting.pop(99.0, MOST, pressed=True)) == (0, [])


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 2), st.booleans(), st.integers(1, 50)), max_size=60),
    st.integers(1, 6),
)
def test_every_item_leaves_once_in_order(steps: list[tuple[str, float, bool, int]], most: int) -> None:
    waiting: Batcher[tuple[str, int]] = Batcher(4, 80)
    left: list[tuple[str, int]] = []
    now_s = 0.0
    for number, (key, step_s, squeeze, weight) in enumerate(steps):
        now_s += step_s
        waiting.add(key, (key, number), weight, now_s + 0.5)
        left += waiting.pop(now_s, most, squeeze)
        assert len(left) + len(waiting) == number + 1
    while batch := waiting.pop(now_s + 1, most):
        assert len(batch) <= min(most, 4)
        left += batch
    assert sorted(number for _, number in left) == list(range(len(steps)))
    for name in "abc":
        numbers = [number for key, number in left if key == name]
        assert numbers == sorted(numbers)
