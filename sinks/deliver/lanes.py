"""What one pixel's answers mean for its next POSTs. Pure; the time is an argument, in monotonic seconds.

| state     | because of                                   | may POST                                        |
|-----------|----------------------------------------------|-------------------------------------------------|
| open      | all is well                                  | whenever a batch is ready                       |
| throttled | rate limit, or usage headers near 100 %      | after the pause it asked for, then at a rate    |
| failing   | FAILURES POSTs in a row went wrong           | one job, at growing intervals                   |
| stopped   | token, permission or pixel refused           | one job, at growing intervals                   |
| paused    | an operator                                  | nothing                                         |

A lane never judges a job: what a closed lane keeps from being tried costs the job no attempt.
"""

from __future__ import annotations

from typing import Literal

from sinks.deliver.rates import Rate
from sinks.deliver.usage import NEARLY_ALL
from sinks.platforms.contract import Misconfigured, Result, Throttled, Transient

State = Literal["open", "throttled", "failing", "stopped", "paused"]
STATES: tuple[State, ...] = ("open", "throttled", "failing", "stopped", "paused")
Turn = Literal["", "stopped", "failing", "resumed"]

FAILURES = 2  # a single failure is the ladder's business
FAILING_S = 5.0  # first pause of a failing lane
LONGEST_S = 900.0  # between two probes
LONGEST_THROTTLE_S = 21_600.0  # whatever a header says
PAUSED_S = 300.0  # a paused lane's jobs are looked at again after this


class Lane:
    """State of one destination. `probe_s` is the first pause of a stopped lane; each is twice the one before.

    `spread` near 1 stretches the pauses, so that many workers do not probe at the same moment.
    """

    def __init__(self, probe_s: float, ceiling: float = float("inf"), spread: float = 1.0) -> None:
        self.rate = Rate(ceiling)
        self._probe_s, self._spread = probe_s, spread
        self._closed: Literal["failing", "stopped"] | None = None
        self._paused = False
        self.token = b""  # digest of the token that was used last; empty when it could not be read
        self._pause_s = 0.0  # length of the current pause
        self._until_s = float("-inf")  # nothing before this
        self._failures = 0

    @property
    def state(self) -> State:
        if self._paused:
            return "paused"
        return self._closed or ("throttled" if self.rate.limited else "open")

    @property
    def one_at_a_time(self) -> bool:
        """Its next POST is a probe: it holds one job, and nothing goes beside it."""
        return self._closed is not None

    @property
    def suspect(self) -> bool:
        """Its last POST went wrong: it makes one at a time, and room for others."""
        return self._failures > 0

    def wait_s(self, now_s: float) -> float:
        """Seconds until a POST may begin; 0 is now."""
        if self._paused:
            return PAUSED_S
        return max(0.0, self._until_s - now_s, 0.0 if self._closed else self.rate.wait_s(now_s))

    def posting(self, now_s: float) -> None:
        """A POST begins."""
        self.rate.use(now_s)

    def answered(self, result: Result, used_percent: float, now_s: float) -> Turn:
        """What an answer changed, for those who must be told."""
        if used_percent >= NEARLY_ALL or isinstance(result, Throttled):
            self.rate.halve(now_s)
        else:
            self.rate.clean(now_s)
        if self._closed and now_s < self._until_s:
            return ""  # of a POST from before it was closed
        match result:
            case Misconfigured(after_s=after_s):
                return self._close("stopped", now_s, after_s)
            case Transient():
                return self._failed(now_s)
            case Throttled(after_s=after_s):
                self._until_s = max(self._until_s, now_s + min(after_s, LONGEST_THROTTLE_S))
                return self._open(self._until_s)
        return self._open(now_s)  # refused events too: the platform took token and pixel

    def probe_now(self) -> bool:
        """What it was stopped for may have been mended. False when a probe is due already."""
        if self._closed is None or self._until_s == float("-inf"):
            return False
        self._until_s = float("-inf")
        return True

    def pause(self, paused: bool) -> bool:
        """Set by an operator; whether that is a change."""
        changed, self._paused = paused != self._paused, paused
        return changed

    def _failed(self, now_s: float) -> Turn:
        self._failures += 1
        if self._closed == "stopped":
            return self._close("stopped", now_s)
        return self._close("failing", now_s) if self._failures >= FAILURES else ""

    def _close(self, why: Literal["failing", "stopped"], now_s: float, least_s: float = 0.0) -> Turn:
        first_s = self._probe_s if why == "stopped" else min(FAILING_S, self._probe_s)
        again = self._closed == why
        self._pause_s = min(max(2 * self._pause_s if again else first_s, least_s), LONGEST_S)
        self._closed, self._until_s = why, now_s + self._pause_s * self._spread
        return "" if again else why

    def _open(self, until_s: float) -> Turn:
        turn: Turn = "resumed" if self._closed else ""
        if self._closed:
            self._until_s = until_s
        self._closed, self._failures = None, 0
        return turn
