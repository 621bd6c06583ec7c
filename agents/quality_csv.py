"""The Quality page as a table for a spreadsheet. Pure.

A text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO

from streams.events import USER_FIELDS
from streams.ledger.shares import FRESH_S, Shares

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
PLACE = ("tenant", "platform", "pixel_id", "event_name")
NUMBERS = ("events", "delivered", "score", "score_before", "enriched_at_least")
COPIES = ("merged", "discarded", "twice", "alone")
HEAD = (
    *PLACE,
    *NUMBERS,
    *(f"copies_{name}" for name in COPIES),
    *(f"within_{line}_s" for line in FRESH_S),
    *(f"{field}_{kind}" for field in USER_FIELDS for kind in ("own", "backfilled")),
)


def quality_csv(rows: Iterable[Shares]) -> str:
    """With a head; shares are 0 to 1, what is unknown or does not count at that platform is empty."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(HEAD)
    writer.writerows(_line(row) for row in rows)
    return file.getvalue()


def safe(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _line(row: Shares) -> list[object]:
    keys = {key.field: (key.own, key.backfilled) for key in row.keys}
    return [
        *(safe(getattr(row, name)) for name in PLACE),
        row.events,
        row.delivered,
        row.score,
        row.score_before,
        round(row.enriched, 4),
        *(getattr(row.copies, name) for name in COPIES),
        *(_rounded(row.fresh.get(line)) for line in FRESH_S),
        *(_rounded(share) for field in USER_FIELDS for share in keys.get(field, (None, None))),
    ]


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
