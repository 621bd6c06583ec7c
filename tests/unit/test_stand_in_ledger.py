"""agents/platforms/ledger.py: what counts as a duplicate, and what a kill may not lose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.platforms.ledger import DEDUP_MS, MERGE_MS, Ledger
from agents.platforms.shapes import Checked, Seen


def request(*event_ids: str, name: str = "Lead", keys: tuple[str, ...] = ("em",), pixel: str = "p1") -> Checked:
    return Checked(pixel, [Seen(event_id, name, 100, keys) for event_id in event_ids])


def only(ledger: Ledger) -> dict[str, Any]:
    (event,) = ledger.listing()["events"]
    assert isinstance(event, dict)
    return event


@pytest.mark.parametrize("platform", ["meta", "tiktok"])
def test_a_copy_within_48_hours_is_a_duplicate(platform: str) -> None:
    ledger = Ledger()
    for at_ms in (0, MERGE_MS + 1, DEDUP_MS):
        ledger.take(platform, request("e1"), at_ms)
    assert (only(ledger)["count"], only(ledger)["first_ms"], only(ledger)["last_ms"]) == (3, 0, DEDUP_MS)
    assert ledger.totals()["duplicates"] == 2
    assert ledger.totals()["counted_twice"] == 0


@pytest.mark.parametrize("platform", ["meta", "tiktok"])
def test_a_copy_after_48_hours_is_counted_twice(platform: str) -> None:
    ledger = Ledger()
    ledger.take(platform, request("e1"), 0)
    ledger.take(platform, request("e1"), DEDUP_MS + 1)
    assert ledger.totals()["counted_twice"] == 1
    assert ledger.totals()["duplicates"] == 0


def test_tiktok_adds_the_keys_of_an_early_copy_and_meta_does_not() -> None:
    for platform, keys in (("tiktok", ["em", "ip"]), ("meta", ["ip"])):
        ledger = Ledger()
        ledger.take(platform, request("e1", keys=("ip",)), 0)
        ledger.take(platform, request("e1", keys=("em",)), MERGE_MS)
        ledger.take(platform, request("e1", keys=("phone",)), MERGE_MS + 1)
        assert only(ledger)["keys"] == keys


def test_other_pixels_and_names_are_other_events() -> None:
    ledger = Ledger()
    for checked in (request("e1"), request("e1", pixel="p2"), request("e1", name="Purchase")):
        ledger.take("meta", checked, 0)
    ledger.take("tiktok", request("e1"), 0)
    assert ledger.totals()["events"] == 4
    assert ledger.totals("meta", "p1")["events"] == 2
    assert [event["pixel"] for event in ledger.listing(pixel="p2")["events"]] == ["p2"]


def test_events_without_an_id_are_never_duplicates() -> None:
    ledger = Ledger()
    ledger.take("meta", request("", ""), 0)
    assert ledger.totals()["events"] == 2


def test_a_file_brings_everything_back(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    before = Ledger(path)
    before.take("meta", request("e1", "e2", "e1"), 5)
    before.count("privacy_violations", "meta", 6)
    before.close()
    after = Ledger(path)
    assert after.listing() == before.listing()
    after.close()


def test_a_line_torn_by_a_kill_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    first = Ledger(path)
    first.take("meta", request("e1"), 5)
    first.close()
    path.write_bytes(path.read_bytes() + b'["meta","p1",6,[["e2"')
    second = Ledger(path)
    second.take("meta", request("e3"), 7)
    second.close()
    third = Ledger(path)
    assert [event["event_id"] for event in third.listing()["events"]] == ["e1", "e3"]
    third.close()


def test_clear_forgets_the_file_too(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.take("meta", request("e1"), 5)
    ledger.clear()
    ledger.close()
    assert Ledger(path).totals()["events"] == 0
