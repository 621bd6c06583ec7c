"""Buckets of tokens: what passes, and after how long the next does."""

from __future__ import annotations

import pytest

from agents.collect import rates
from agents.collect.rates import Buckets


def test_a_burst_then_the_rate() -> None:
    buckets = Buckets(rate=10, burst=20)
    assert [buckets.wait_s("a", 10, 0.0) for _ in range(2)] == [0, 0]
    assert buckets.wait_s("a", 1, 0.0) == pytest.approx(0.1)
    assert buckets.wait_s("b", 1, 0.0) == 0
    assert buckets.wait_s("a", 1, 0.05) == pytest.approx(0.05)
    assert buckets.wait_s("a", 1, 0.2) == 0


def test_more_than_a_burst_passes_once_and_is_owed() -> None:
    buckets = Buckets(rate=10, burst=20)
    assert buckets.wait_s("a", 1000, 0.0) == 0
    assert buckets.wait_s("a", 1, 90.0) == pytest.approx(8.1)
    assert buckets.wait_s("a", 1, 99.0) == 0


def test_over_a_long_time_no_more_than_the_rate_passes() -> None:
    buckets = Buckets(rate=10, burst=20)
    passed = sum(not buckets.wait_s("a", 3, tick / 100) for tick in range(10_000))
    assert 3 * passed == pytest.approx(10 * 100 + 20, abs=6)


def test_the_oldest_names_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST", 2)
    buckets = Buckets(rate=1, burst=1)
    assert [buckets.wait_s(name, 1, 0.0) for name in "abcb"] == [0, 0, 0, 1]
    assert buckets.wait_s("a", 1, 0.0) == 0
