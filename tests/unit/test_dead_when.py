"""Times as people write them."""

from __future__ import annotations

import pytest

from agents.when import parse_when, when_text

NOW_MS = 1_795_500_000_000


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("90s", NOW_MS - 90_000),
        ("30m", NOW_MS - 1_800_000),
        (" 2h ", NOW_MS - 7_200_000),
        ("3d", NOW_MS - 259_200_000),
        ("2026-11-24", 1_795_478_400_000),
        ("2026-11-24T10:00", 1_795_514_400_000),
        ("2026-11-24T10:00Z", 1_795_514_400_000),
        ("2026-11-24T11:00:00+01:00", 1_795_514_400_000),
    ],
)
def test_times(text: str, at_ms: int) -> None:
    assert parse_when(text, NOW_MS) == at_ms


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2 h", "yesterday", "24.11.2026", "9999999d", "2w"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        parse_when(text, NOW_MS)


def test_printed_in_utc() -> None:
    assert when_text(1_795_514_405_999) == "2026-11-24 10:00:05"
    assert when_text(0) == "-"
