"""What the soak calls growth."""

from __future__ import annotations

import pytest

from tests.faults.soak.growth import Sample, growth, slope

MB = 1024**2


def samples(rss_a_minute: float = 0, files_a_minute: float = 0, keys_a_minute: float = 0) -> list[Sample]:
    """Ten minutes, the first of which are wild."""
    return [
        Sample(
            pid=7,
            at_s=at_s,
            rss_bytes=round(100 * MB + rss_a_minute * at_s / 60 - (50 * MB if at_s < 120 else 0)),
            files=round(40 + files_a_minute * at_s / 60),
            threads=4,
            sockets=9,
            keys=keys_a_minute * at_s / 60,
        )
        for at_s in range(0, 600, 5)
    ]


def test_a_slope_is_that_of_the_line() -> None:
    assert slope([(0, 1), (1, 3), (2, 5)]) == pytest.approx(2)
    assert slope([(3, 1), (3, 5)]) == 0


def test_what_the_warm_up_does_counts_for_nothing() -> None:
    assert not growth("deliver-1", samples()).problems


def test_memory_and_files_that_grow_are_named() -> None:
    (memory,) = growth("deliver-1", samples(rss_a_minute=MB)).problems
    (files,) = growth("collect", samples(files_a_minute=2)).problems
    assert memory == "deliver-1 grows by 1024 kB a minute"
    assert files == "collect has 2.0 files more each minute"


def test_a_table_may_grow_with_its_keys_and_no_more() -> None:
    assert not growth("ledger", samples(rss_a_minute=5 * MB, keys_a_minute=500)).problems
    assert growth("ledger", samples(rss_a_minute=9 * MB, keys_a_minute=500)).problems
    assert growth("ingest", samples(rss_a_minute=5 * MB, keys_a_minute=500)).problems


def test_a_role_that_was_started_again_is_named() -> None:
    restarted = [*samples(), Sample(pid=8, at_s=600, rss_bytes=MB, files=40, threads=4, sockets=9, keys=0)]
    assert "deliver-1 ended 1 times" in growth("deliver-1", restarted).problems
