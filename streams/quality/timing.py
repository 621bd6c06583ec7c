"""When an event is too old or too early to be taken."""

from __future__ import annotations

from functools import lru_cache

from streams.quality.problems import Problem

DAY_MS = 86_400_000
MAX_AGE_MS = 7 * DAY_MS  # both vendors, read November 2026
# Neither vendor says how much clock skew it forgives; shop clocks run ahead by seconds, and must not lose events.
FUTURE_SLACK_MS = 60_000
TOO_OLD = "too_old"  # code of that problem

IN_THE_FUTURE = Problem(
    "in_future",
    "timestamp",
    "event time in the future",
    "send Unix seconds or milliseconds in UTC, and set the clock of the sender",
)


def event_time(event_time_ms: int, now_ms: int, max_age_ms: int = MAX_AGE_MS) -> tuple[Problem, ...]:
    """Exactly `max_age_ms` old may still be sent. Times are Unix milliseconds."""
    if now_ms - event_time_ms > max_age_ms:
        return (_too_old(max_age_ms // DAY_MS),)
    return (IN_THE_FUTURE,) if event_time_ms - now_ms > FUTURE_SLACK_MS else ()


@lru_cache
def _too_old(days: int) -> Problem:
    return Problem(
        TOO_OLD, "timestamp", f"older than {days} days", f"send events within {days} days, best within the hour"
    )
