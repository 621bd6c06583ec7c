"""Notices a consumer that silently lost its queue: messages are ready, there is room, and none comes. Pure."""

from __future__ import annotations

from typing import Literal

LOOK_S = 10.0
SILENT_S = 30.0  # this long nothing came although something should

Finding = Literal["fine", "resubscribe", "lost"]


class Watchdog:
    """Tell `look` what is seen, every LOOK_S or so. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._deliveries = -1
        self._since_s = 0.0
        self._tried = False

    def look(self, ready: int | None, room: bool, deliveries: int, now_s: float) -> Finding:
        """`ready` messages in the queue, None when that is not known; `room`: fewer in hand than the prefetch;
        `deliveries`: how many ever came. First it asks to subscribe anew, and gives up when that did not help."""
        if deliveries != self._deliveries:
            self._tried = False
        if deliveries != self._deliveries or not ready or not room:
            self._deliveries, self._since_s = deliveries, now_s
            return "fine"
        if now_s - self._since_s < SILENT_S:
            return "fine"
        self._since_s = now_s
        finding: Finding = "lost" if self._tried else "resubscribe"
        self._tried = True
        return finding
