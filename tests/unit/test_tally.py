"""What was rejected, summed up for the log: soon, then once a minute."""

from __future__ import annotations

from agents.tally import EVERY_S, Tally
from streams.events import Reject


def reject(offset: int, reason: str = "robot", tenant: str = "shop") -> Reject:
    return Reject(
        topic="capi.events",
        partition=1,
        offset=offset,
        reason=reason,
        tenant=tenant,
        session_id="visit",
        event_id=f"e-{offset}",
        field="f",
        fix="x",
    )


def test_the_first_is_told_at_once_and_the_flood_once_a_minute() -> None:
    now = [1_000.0]
    tally = Tally(lambda: now[0])
    tally.add(reject(1))
    about = {"tenant": "shop", "session_id": "visit", "reason": "robot", "field": "f", "fix": "x"}
    assert tally.due() == [about | {"rejects": 1, "event_id": "e-1", "last": "capi.events/1/1"}]
    for offset in range(2, 5_002):
        tally.add(reject(offset))
        now[0] += 0.01
        assert tally.due() == []
    now[0] += EVERY_S
    assert tally.due() == [about | {"rejects": 5_000, "event_id": "e-5001", "last": "capi.events/1/5001"}]
    now[0] += EVERY_S
    assert tally.due() == []


def test_tenants_and_reasons_are_told_apart() -> None:
    tally = Tally(lambda: 0.0)
    for offset, (tenant, reason) in enumerate(
        [("a", "robot"), ("a", "is not JSON"), ("b", "robot"), ("a", "robot")]
    ):
        tally.add(reject(offset, reason, tenant))
    lines = [(line["tenant"], line["reason"], line["rejects"]) for line in tally.due()]
    assert lines == [("a", "robot", 2), ("a", "is not JSON", 1), ("b", "robot", 1)]
