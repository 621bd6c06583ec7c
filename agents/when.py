"""Points in time as people write them: `2h`, `3d`, `2026-11-24`, `2026-11-24T10:00`, `2026-11-24T10:00+01:00`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AGO = re.compile(r"^(\d{1,6})([smhd])$")


def parse_when(text: str, now_ms: int) -> int:
    """Unix ms. `2h` is two hours before `now_ms`; without an offset it is UTC. Raises ValueError."""
    if ago := _AGO.match(text.strip()):
        return now_ms - int(ago[1]) * UNIT_S[ago[2]] * 1000
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no time: write 2h, 3d, or 2026-11-24T10:00 (UTC)") from None
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def when_text(at_ms: int) -> str:
    """`2026-11-24 10:00:05`, UTC; `-` for 0."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}" if at_ms else "-"
