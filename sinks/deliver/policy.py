"""What happens to a job after an answer: result x attempt x age -> ack, retry, wait, park or drop. Pure."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

from sinks.deliver.splitting import SPENT
from sinks.platforms.contract import Delivered, Invalid, Misconfigured, Result, Throttled, Transient
from sinks.topology import Rung, rung_for
from streams.events import Job, OutcomeClass

DROPPED = "dropped"  # code of the outcome of a job that a person dropped, or that held one who was erased
FEW = 10  # jobs in a POST after two failures


class Limits(Protocol):
    """The part of the settings that bounds retrying."""

    @property
    def retry_s(self) -> tuple[float, ...]: ...
    @property
    def event_max_age_s(self) -> float: ...
    @property
    def invalid(self) -> Literal["park", "discard"]: ...


class Answered(msgspec.Struct, frozen=True):
    """The result of one POST. `http_status` is 0 when there was no answer, or no POST. `leads`: the first of the
    results that the POST had."""

    result: Result
    http_status: int = 0
    latency_ms: int = 0
    leads: bool = False


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about one job's attempt. `why` and `code` hold no personal data; the rest is as in Outcome."""

    outcome: OutcomeClass
    why: str = ""
    code: str = ""
    trace_id: str = ""
    http_status: int = 0
    latency_ms: int = 0
    leads: bool = False
    closed_s: float = 0


class Ack(Verdict, frozen=True):
    """Delivered, now or before."""


class Retry(Verdict, frozen=True, kw_only=True):
    """Goes to `rung`. `company`: most jobs in its next POST, because it may be what spoils a batch; 0: any number.
    `counts`: it was the job's attempt; false when its pixel was refused, which is not the job's fault."""

    rung: Rung
    company: int = 0
    counts: bool = True


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """Goes to `rung` untried, because its lane may not POST now. No attempt, so no outcome."""

    rung: Rung
    why: str


class Park(Verdict, frozen=True):
    """Set aside for people: it is neither sent again by itself nor thrown away."""


class Drop(Verdict, frozen=True):
    """Acknowledged and gone: refused for what it holds, with CAPI_INVALID=discard, or it holds who was erased."""


Decision = Ack | Retry | Park | Drop | Wait


def decide(answered: Answered, job: Job, attempt: int, now_ms: int, limits: Limits, lane_s: float) -> Decision:
    """The decision after attempt number `attempt` (from 1). `lane_s` is how long the lane will be closed."""
    result = answered.result
    about: dict[str, Any] = {
        "code": getattr(result, "code", ""),
        "trace_id": result.trace_id,
        "http_status": answered.http_status,
        "latency_ms": answered.latency_ms,
        "leads": answered.leads,
    }
    rung: Rung | None
    match result:
        case Delivered(warning=warning):
            return Ack(outcome="delivered", why=warning, **about)
        case Invalid(why=why):
            return invalid(limits, why, **about)
        case Misconfigured():
            rung = rung_at_least(limits, lane_s)
        case _:
            rung = rung_for(attempt, limits, max(lane_s, getattr(result, "after_s", 0.0)))
    outcome, about = outcome_class(result), about | {"closed_s": round(lane_s, 1)}
    if rung is None:
        return Park(outcome=outcome, why=f"given up after {attempt} attempts: {result.why}", **about)
    if too_old(job, now_ms + round(rung.delay_s * 1000), limits):
        return Park(outcome="expired", why=f"too old before another attempt: {result.why}", **about)
    return Retry(
        outcome=outcome,
        why=result.why,
        rung=rung,
        company=company_after(result, attempt),
        counts=not isinstance(result, Misconfigured),
        **about,
    )


def company_after(result: Result, attempt: int) -> int:
    """How many jobs may share the next POST of one whose attempt number `attempt` had this result; 0: any number.

    A job that makes its platform fail with 500 takes every job of its POST along, and nothing names it. So after a
    second such failure POSTs are small, after a third they hold one job: the others get through.
    """
    if result is SPENT:
        return 1
    if not isinstance(result, Transient) or attempt == 1:
        return 0
    return FEW if attempt == 2 else 1


def invalid(limits: Limits, why: str, code: str, **about: Any) -> Park | Drop:
    """An event that its platform does not take."""
    kind = Drop if limits.invalid == "discard" else Park
    return kind(outcome="invalid", why=why, code=code, **about)


def wait(job: Job, now_ms: int, limits: Limits, lane_s: float, why: str) -> Wait | Park:
    """For a job in hand whose lane stays closed for `lane_s` seconds."""
    rung = rung_at_least(limits, lane_s)
    if too_old(job, now_ms + round(rung.delay_s * 1000), limits):
        return Park(outcome="expired", why=f"too old before another attempt: {why}")
    return Wait(rung=rung, why=why)


def rung_at_least(limits: Limits, wait_s: float) -> Rung:
    """The shortest rung that is long enough, else the longest."""
    enough = [delay_s for delay_s in limits.retry_s if delay_s >= wait_s]
    return Rung(min(enough) if enough else max(limits.retry_s))


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
