"""What happens to a job after an answer: result x attempt x age -> ack, retry or park. Pure."""

from __future__ import annotations

from typing import Protocol

import msgspec

from sinks.deliver.splitting import SPENT
from sinks.platforms.contract import Delivered, Invalid, Misconfigured, Result, Throttled, Transient
from sinks.topology import Rung, rung_for
from streams.events import Job, OutcomeClass


class Limits(Protocol):
    """The part of the settings that bounds retrying."""

    @property
    def retry_s(self) -> tuple[float, ...]: ...
    @property
    def event_max_age_s(self) -> float: ...


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about one job's attempt. `why` and `code` hold no personal data."""

    outcome: OutcomeClass
    why: str = ""
    code: str = ""
    trace_id: str = ""


class Ack(Verdict, frozen=True):
    """Delivered, now or before."""


class Retry(Verdict, frozen=True, kw_only=True):
    """Goes to `rung`. `alone`: its next POST holds nothing else, because it may be what spoils a batch."""

    rung: Rung
    alone: bool = False


class Park(Verdict, frozen=True):
    """Set aside for people: it is neither sent again by itself nor thrown away."""


Decision = Ack | Retry | Park


def decide(result: Result, job: Job, attempt: int, now_ms: int, limits: Limits) -> Decision:
    """The decision after attempt number `attempt` (from 1)."""
    match result:
        case Delivered(trace_id=trace_id, warning=warning):
            return Ack(outcome="delivered", why=warning, trace_id=trace_id)
        case Invalid(why=why, code=code, trace_id=trace_id):
            return Park(outcome="invalid", why=why, code=code, trace_id=trace_id)
    return _again(result, job, attempt, now_ms, limits)


def _again(
    result: Throttled | Transient | Misconfigured, job: Job, attempt: int, now_ms: int, limits: Limits
) -> Decision:
    outcome = outcome_class(result)
    code, trace_id = result.code, result.trace_id
    rung = rung_for(_step(result, attempt, limits), limits, getattr(result, "after_s", 0.0))
    if rung is None:
        return Park(
            outcome=outcome, why=f"given up after {attempt} attempts: {result.why}", code=code, trace_id=trace_id
        )
    if too_old(job, now_ms + round(rung.delay_s * 1000), limits):
        return Park(
            outcome="expired", why=f"too old before another attempt: {result.why}", code=code, trace_id=trace_id
        )
    return Retry(outcome=outcome, why=result.why, rung=rung, alone=result is SPENT, code=code, trace_id=trace_id)


def _step(result: Result, attempt: int, limits: Limits) -> int:
    # A pixel's broken settings are not the event's fault: it stays on the last rung until it is too old.
    return min(attempt, len(limits.retry_s)) if isinstance(result, Misconfigured) else attempt


def outcome_class(result: Result) -> OutcomeClass:
    names: dict[type, OutcomeClass] = {
        Delivered: "delivered",
        Throttled: "throttled",
        Transient: "transient",
        Misconfigured: "misconfigured",
        Invalid: "invalid",
    }
    return names[type(result)]


def too_old(job: Job, at_ms: int, limits: Limits) -> bool:
    """Whether CAPI_EVENT_MAX_AGE_S is exceeded at `at_ms`. Sales in shops have their platform's limit."""
    if job.event.action_source == "physical_store":
        return False
    return at_ms - job.event.event_time_ms > limits.event_max_age_s * 1000
