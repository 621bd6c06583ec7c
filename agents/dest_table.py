"""What `capi dest ls` prints of each destination, and what its JSON says of how it is doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agents.lane_report import Lanes
from agents.terminal import printable
from agents.when import when_text
from streams.ledger.lanes import LaneKey, LaneSeen
from streams.ledger.story.words import span

HEADS = ("tenant", "platform", "pixel", "state", "waiting", "POST p50 / p95", "token", "test event code")


def lane_row(lanes: Lanes, key: LaneKey) -> dict[str, Any]:
    """Times in Unix ms, 0 for none; the POST's are upper bounds in ms, null beyond the last."""
    lane = lanes.seen.get(key, LaneSeen())
    return {
        "state": lane.state,
        "trouble": lane.trouble,
        "next_try_ms": lane.probe_ms,
        "waiting": lanes.waiting.get(key, 0),
        "oldest_waiting_ms": lanes.oldest_ms.get(key, 0),
        "last_delivered_ms": max(lane.last_delivered_ms, lanes.last_ms.get(key, 0)),
        "post_p50_ms": lane.post_p50_ms,
        "post_p95_ms": lane.post_p95_ms,
    }


def print_table(rows: Sequence[Mapping[str, Any]], now_ms: int) -> None:
    table = Table()
    for name in HEADS:
        table.add_column(name, overflow="fold")
    for row in rows:
        test = f"{row['test_event_code']} until {row['test_until']}" if row["test_until"] else ""
        own = (_state(row, now_ms), _waiting(row["lane"], now_ms), _took(row["lane"]))
        cells = (row["tenant"], row["platform"], row["pixel"], *own, row["token"], test)
        table.add_row(*(escape(printable(cell)) for cell in cells))
    Console().print(table)


def _state(row: Mapping[str, Any], now_ms: int) -> str:
    if paused := row["pause"]:
        state = f"paused since {when_text(paused.since_ms)} UTC by {paused.who}"
        return f"{state}: {paused.why}" if paused.why else state
    lane = row["lane"]
    if not lane or lane["state"] in ("open", "quiet"):
        return str(row["state"])
    state = f"{lane['state']}: {lane['trouble']}" if lane["trouble"] else str(lane["state"])
    if not lane["next_try_ms"]:
        return state
    left_ms = lane["next_try_ms"] - now_ms
    return f"{state}; next try {f'in {span(left_ms)}' if left_ms > 0 else 'with the next job'}"


def _waiting(lane: Mapping[str, Any] | None, now_ms: int) -> str:
    if not lane:
        return ""
    oldest_ms = lane["oldest_waiting_ms"]
    return f"{lane['waiting']}, oldest {span(now_ms - oldest_ms)}" if oldest_ms else str(lane["waiting"])


def _took(lane: Mapping[str, Any] | None) -> str:
    if not lane or not lane["post_p50_ms"]:
        return ""
    bounds = (lane["post_p50_ms"], lane["post_p95_ms"])
    return " / ".join(f"≤ {span(bound)}" if bound < float("inf") else "over 30 s" for bound in bounds)
