"""Small words: lengths of time, lists, and ids that nobody knows."""

from __future__ import annotations

import pytest

from streams.ledger.story import unknown
from streams.ledger.story.words import listed, named, span


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (850, "850 ms"),
        (4_250, "4.2 s"),
        (59_999, "59 s"),
        (-60_000, "1 min"),
        (7_500_000, "2 h 5 min"),
        (7_200_000, "2 h"),
        (172_800_000, "2 d"),
        (270_000_000, "3 d 3 h"),
    ],
)
def test_a_length_of_time(ms: int, text: str) -> None:
    assert span(ms) == text


def test_lists_and_names() -> None:
    assert [listed(words) for words in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert [named(platform) for platform in ("meta", "tiktok", "toy")] == ["Meta", "TikTok", "Toy"]


def test_an_unknown_id_says_where_to_look_and_first_who_did_not_answer() -> None:
    alone = unknown(604_800)
    assert "7 d" in " ".join(missing.reason for missing in alone)
    assert all(missing.check for missing in alone)
    lost = unknown(604_800, ("http://one:8070",))
    assert "http://one:8070" in lost[0].check
    assert lost[1:] == alone
