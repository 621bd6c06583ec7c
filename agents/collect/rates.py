"""How much a key or an address may send: a bucket of tokens for each. Time is an argument."""

from __future__ import annotations

from collections import OrderedDict

MOST = 50_000  # addresses that are remembered; who is forgotten starts with a full bucket


class Buckets:
    """`rate` tokens a second flow into each bucket, up to `burst`.

    What is taken may be more than is there, so that one large batch passes; the next waits for the debt.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, max(burst, 1.0)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, name: str, tokens: float, now: float) -> float:
        """0 when `tokens` were taken, else after how many seconds it may be tried again."""
        level, at = self._buckets.pop(name, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._rate)
        passes = level >= 1
        self._buckets[name] = (level - tokens if passes else level, now)
        if len(self._buckets) > MOST:
            self._buckets.popitem(last=False)
        return 0.0 if passes else (1 - level) / self._rate
