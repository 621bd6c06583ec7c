"""How many POSTs a second a lane may make: halved when the platform throttles, then slowly back. Pure.

TikTok documents 1,000 requests a second for an app (business-api.tiktok.com/portal/docs, "Rate limits", read
November 2026); for Meta's Conversions API no number is documented, only headers that say how much is used up.
"""

from __future__ import annotations

from collections.abc import Mapping

CEILINGS: Mapping[str, float] = {"tiktok": 1000.0}  # POSTs a second
SLOWEST = 0.05  # POSTs a second: one in 20 s still finds out that it is over
FIRST_PEAK = 2.0  # what is halved when a lane is throttled before it made many POSTs
HALVE_PAUSE_S = 5.0  # answers to POSTs that were under way together count once
CLEAN_S = 60.0  # without throttling, then the rate grows
GROWTH = 0.05  # of the rate before the throttling
BURST_S = 0.1  # of unused rate is kept
WINDOW_S = 10.0  # over which the rate is observed


class Rate:
    """Token bucket whose rate changes. `now_s` is any monotonic clock and never runs back."""

    def __init__(self, ceiling: float = float("inf")) -> None:
        self.ceiling = self.limit = ceiling
        self._peak = ceiling
        self._tokens, self._filled_s = 1.0, 0.0
        self._halved_s = self._grown_s = float("-inf")
        self._window_s, self._made, self._observed = 0.0, 0, 0.0

    @property
    def limited(self) -> bool:
        """Whether the platform's throttling is still being felt."""
        return self.limit < self.ceiling

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next POST is allowed; 0 is now."""
        if self.limit == float("inf"):
            return 0.0
        self._fill(now_s)
        return max(0.0, (1.0 - self._tokens) / self.limit)

    def use(self, now_s: float) -> None:
        """A POST begins. Splitting a refused batch may overdraw; the lane then waits longer."""
        self._observe(now_s)
        if self.limit != float("inf"):
            self._fill(now_s)
            self._tokens -= 1.0

    def halve(self, now_s: float) -> None:
        if now_s - self._halved_s < HALVE_PAUSE_S:
            return
        if not self.limited:
            self._peak = min(self.ceiling, max(self._rate(now_s), FIRST_PEAK))
        self.limit = max(SLOWEST, min(self.limit, self._peak) / 2)
        self._tokens, self._filled_s = 0.0, now_s
        self._halved_s = self._grown_s = now_s

    def clean(self, now_s: float) -> None:
        """An answer without throttling: GROWTH more for each CLEAN_S since the last change."""
        while self.limited and now_s - self._grown_s >= CLEAN_S:
            self._grown_s += CLEAN_S
            self.limit += GROWTH * self._peak
            if self.limit >= self._peak:
                self.limit = self.ceiling

    def _fill(self, now_s: float) -> None:
        most = max(1.0, self.limit * BURST_S)
        self._tokens = min(most, self._tokens + (now_s - self._filled_s) * self.limit)
        self._filled_s = now_s

    def _observe(self, now_s: float) -> None:
        if now_s - self._window_s >= WINDOW_S:
            self._observed = self._made / max(WINDOW_S, now_s - self._window_s)
            self._window_s, self._made = now_s, 0
        self._made += 1

    def _rate(self, now_s: float) -> float:
        running_s = now_s - self._window_s
        return max(self._observed, self._made / running_s if running_s >= 1.0 else 0.0)
