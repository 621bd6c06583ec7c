"""How often a password may be tried: after a few wrong ones each costs twice the wait of the one before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

FREE = 5  # tries without a wait
LONGEST_S = 300.0
FORGOTTEN_S = 3_600.0
MOST = 50_000  # names and addresses that are remembered


class Tries:
    """Wrong tries per key (an address, a name). `now` is seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[int, float]] = OrderedDict()  # key -> how many, last

    def wait_s(self, keys: Iterable[str], now: float) -> float:
        """0 when it may be tried now."""
        return max((self._wait_s(key, now) for key in keys), default=0.0)

    def _wait_s(self, key: str, now: float) -> float:
        count, last = self._known.get(key, (0, now))
        if count < FREE or now - last > FORGOTTEN_S:
            return 0.0
        return max(0.0, last + min(LONGEST_S, 2.0 ** (count - FREE)) - now)

    def begin(self, keys: Iterable[str], now: float) -> None:
        """Counts as wrong until `right` is said, so that tries at the same time count too."""
        for key in keys:
            count, last = self._known.pop(key, (0, now))
            self._known[key] = (1 if now - last > FORGOTTEN_S else count + 1, now)
            if len(self._known) > MOST:
                self._known.popitem(last=False)

    def right(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._known.pop(key, None)
