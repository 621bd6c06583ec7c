"""Rejects summed up for the log: at most one line a minute for a tenant and a reason, with the number."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from streams.events import Reject

EVERY_S = 60


class Tally:
    """Counts what was rejected since it was last told. Reasons are fixed words, so it stays small."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._untold: dict[tuple[str, str], dict[str, Any]] = {}
        self._told_at: dict[tuple[str, str], float] = {}

    def add(self, reject: Reject) -> None:
        """The summary names the last one and its place."""
        key = (reject.tenant, reject.reason)
        rejects = self._untold.get(key, {"rejects": 0})["rejects"] + 1
        self._untold[key] = {
            "rejects": rejects,
            "tenant": reject.tenant,
            "session_id": reject.session_id,
            "event_id": reject.event_id,
            "reason": reject.reason,
            "field": reject.field,
            "fix": reject.fix,
            "last": f"{reject.topic}/{reject.partition}/{reject.offset}",
        }

    def due(self) -> list[dict[str, Any]]:
        """Fields of the lines to write now; what was told within the minute waits."""
        now = self._clock()
        keys = [key for key in self._untold if now - self._told_at.get(key, -EVERY_S) >= EVERY_S]
        self._told_at |= dict.fromkeys(keys, now)
        return [self._untold.pop(key) for key in keys]
