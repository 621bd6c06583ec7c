"""Real shopper histories (OTTO recommender data set, CC-BY 4.0) against a calculation that knows no rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.events import Batch, Event, encode
from streams.session import Arrival, Flushed, Limits, Session
from streams.windows import Windows

HISTORIES = Path(__file__).parents[1] / "data/otto_sessions.jsonl"
NAMES = {"clicks": "ViewContent", "carts": "AddToCart", "orders": "Purchase"}
IDLE_MS, MAX_AGE_MS = 30 * 60_000, 4 * 3_600_000


class Act(NamedTuple):
    ts: int
    session: str
    name: str


def histories() -> list[Act]:
    """Every act of every shopper, in the order of time."""
    text = HISTORIES.read_text(encoding="utf-8")
    shoppers = [json.loads(line) for line in text.splitlines()]
    acts = [Act(e["ts"], str(s["session"]), NAMES[e["type"]]) for s in shoppers for e in s["events"]]
    return sorted(acts, key=lambda act: act.ts)


def windows_by_hand(acts: list[Act], *, purchases_flush: bool) -> dict[str, list[int]]:
    """Events per window of each shopper: a gap of 30 min, an age of 4 h, or a purchase ends a window."""
    counts: dict[str, list[int]] = {}
    for shopper in {act.session for act in acts}:
        windows: list[list[Act]] = []
        ended = True
        for act in (act for act in acts if act.session == shopper):
            if not ended:
                silent = act.ts - windows[-1][-1].ts >= IDLE_MS
                old = act.ts - windows[-1][0].ts >= MAX_AGE_MS
                ended = silent or old
            if ended:
                windows.append([])
            windows[-1].append(act)
            ended = purchases_flush and act.name == "Purchase"
        counts[shopper] = [len(window) for window in windows]
    return counts


def windows_by_rules(acts: list[Act], limits: Limits, tick_ms: int) -> list[Batch]:
    """The same through the rules, with a tick in the log every `tick_ms`."""
    windows = Windows(dict[bytes, Session](), lambda _: limits)
    batches: list[Batch] = []
    last_tick_ms = acts[0].ts
    for offset, act in enumerate(acts):
        while act.ts - last_tick_ms > tick_ms:
            last_tick_ms += tick_ms
            batches += [e.batch for e in windows.advance(0, last_tick_ms) if isinstance(e, Flushed)]
        event = Event(
            event_id=f"e{offset}",
            event_name=act.name,
            event_time_ms=act.ts,
            tenant="default",
            session_id=act.session,
        )
        effects = windows.arrive(Arrival(event.key, 0, offset, act.ts, event, encode(event)))
        batches += [effect.batch for effect in effects if isinstance(effect, Flushed)]
    batches += [e.batch for e in windows.advance(0, acts[-1].ts + 10 * MAX_AGE_MS) if isinstance(e, Flushed)]
    return batches


def sizes(batches: list[Batch]) -> dict[str, list[int]]:
    """Events per window of each shopper, in the order in which the windows opened."""
    found: dict[str, list[int]] = {}
    for batch in sorted(batches, key=lambda batch: batch.first_offset):
        found.setdefault(batch.session_id, []).append(len(batch.events))
    return found


@pytest.mark.parametrize("tick_ms", [60_000, 3_600_000])
def test_histories_without_a_flush_at_purchases_give_144_windows(tick_ms: int) -> None:
    acts = histories()
    batches = windows_by_rules(acts, Limits(flush_on=frozenset()), tick_ms)
    assert len(acts) == 862
    assert len(batches) == 144
    assert sizes(batches) == windows_by_hand(acts, purchases_flush=False)


@pytest.mark.parametrize("tick_ms", [60_000, 3_600_000])
def test_histories_with_a_flush_at_purchases_give_what_was_calculated_by_hand(tick_ms: int) -> None:
    acts = histories()
    batches = windows_by_rules(acts, Limits(), tick_ms)
    assert sizes(batches) == windows_by_hand(acts, purchases_flush=True)
    assert sum(len(batch.events) for batch in batches) == 862
    assert [b.reason for b in batches].count("purchase") == 10
