"""How much of its limit a pixel has used, by the headers that Meta sends with every answer. Pure.

Percentages, in JSON: `X-Business-Use-Case-Usage: {id: [{call_count, total_cputime, total_time}]}`, `X-App-Usage:
{call_count, total_cputime, total_time}`, `X-Ad-Account-Usage: {acc_id_util_pct}`. Source:
developers.facebook.com/docs/graph-api/overview/rate-limiting, read November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sinks.platforms.answers import header, json_object

NEARLY_ALL = 90.0  # percent; from here on the lane slows down before the platform makes it
_PARTS = ("call_count", "total_cputime", "total_time", "acc_id_util_pct")


def used_percent(headers: Mapping[str, str]) -> float:
    """The highest percentage that any header names; 0 when none does."""
    rows = [*_rows(header(headers, "x-business-use-case-usage"))]
    rows += [json_object(header(headers, name)) or {} for name in ("x-app-usage", "x-ad-account-usage")]
    parts = (row.get(part) for row in rows for part in _PARTS)
    return max((float(part) for part in parts if isinstance(part, int | float)), default=0.0)


def _rows(text: str) -> Iterator[dict[str, Any]]:
    for rows in (json_object(text) or {}).values():
        yield from (row for row in (rows if isinstance(rows, list) else []) if isinstance(row, dict))
