"""The second half of the story: from the queues to the platforms, for each pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from streams.ledger.answers import AttemptTrace, EventTrace, JobTrace, RejectSeen
from streams.ledger.story.shapes import Advice, Step, Tone
from streams.ledger.story.words import because, capital, named, span

DROPPED = "dropped"  # code of the outcome that says that a person dropped a parked job
MERGED_MS = 300_000  # until then both platforms merge the server's copy with the browser's
TWIN_MS = 172_800_000  # until then they discard the second copy, later they count both

LATE_MS = 30_000  # a retry that is due for longer is worth a word
TAKEN = ("delivered", "duplicate")
TONES: dict[str, Tone] = {
    "delivered": "ok",
    "duplicate": "ok",
    "throttled": "warn",
    "transient": "warn",
    "misconfigured": "bad",
    "invalid": "bad",
    "expired": "bad",
}


def delivery_steps(trace: EventTrace, rejects: Sequence[RejectSeen], now_ms: int, advice: Advice) -> list[Step]:
    """By time: what happened to each job, and what was refused before it became one."""
    steps = [step for job in trace.jobs for step in _job_steps(trace, job, now_ms, advice)]
    return sorted([*map(refused_step, rejects), *steps], key=lambda step: step.at_ms)


def refused_step(reject: RejectSeen) -> Step:
    """What was not taken: at the door, or by the check before a platform would refuse it."""
    facts = {
        "field": reject.field,
        "record": f"{reject.topic}, partition {reject.partition}, offset {reject.offset}",
    }
    return Step(
        at_ms=reject.at_ms,
        what=f"Not sent to {named(reject.platform)}" if reject.platform else "Not taken",
        text=f"{capital(reject.reason)}.",
        tone="bad",
        platform=reject.platform,
        pixel_id=reject.pixel_id,
        facts={name: value for name, value in facts.items() if value},
        todo=reject.fix,
    )


def copies(trace: EventTrace, job: JobTrace) -> str:
    """What the platform makes of a copy that came long after the browser's, "" when it merges them."""
    if job.state != "delivered" or job.platform not in trace.browser_fired or job.age_ms <= MERGED_MS:
        return ""
    late = f"{span(job.age_ms)} after the browser's copy"
    if job.age_ms <= TWIN_MS:
        return f"{named(job.platform)} discards it as a second copy: it came {late}"
    return f"{named(job.platform)} counts it twice: it came {late}"


def meaning(platform: str, attempt: AttemptTrace) -> str:
    """One attempt in plain words, without a full stop."""
    name, why = named(platform), because(attempt.why, "")
    said = {
        "delivered": f"{name} took it{why}",
        "duplicate": f"{name} had it already, so it was not sent a second time",
        "throttled": f"{name} asks for fewer requests{why}",
        "transient": f"{name} did not take it now{why}",
        "misconfigured": f"{name} refuses the pixel, not this event{why}: it waits, and this counts as no attempt",
        "invalid": f"{name} refuses the event itself{why}",
        "expired": f"It is too old for {name}{why}",
    }
    if attempt.code == DROPPED:
        return capital(attempt.why) or "Dropped by a person"
    return said.get(attempt.outcome, f"{attempt.outcome}{why}")


def _job_steps(trace: EventTrace, job: JobTrace, now_ms: int, advice: Advice) -> Iterator[Step]:
    if job.queued_ms:
        yield _queued(trace, job)
    given_up = False
    for attempt in job.attempts:
        if given_up and attempt.code != DROPPED:
            yield _step(job, attempt.at_ms, "Sent again", "It had been given up, and a person replayed it.")
        yield _attempt(trace, job, attempt, advice)
        given_up = attempt.parked
    if job.state in ("retry", "waiting") and job.attempts and job.attempts[-1].retry_in_s:
        yield _due(job, job.attempts[-1], now_ms)


def _queued(trace: EventTrace, job: JobTrace) -> Step:
    took_ms = job.queued_ms - trace.flushed_ms
    took = f", {span(took_ms)} after it left its session" if trace.flushed_ms and took_ms > 0 else ""
    text = f"As {job.event_name}, with a match score of {job.score:.1f} of 10{took}."
    return _step(job, job.queued_ms, f"Queued for {named(job.platform)}", text)


def _attempt(trace: EventTrace, job: JobTrace, attempt: AttemptTrace, advice: Advice) -> Step:
    twin = copies(trace, job) if attempt.outcome == "delivered" else ""
    sentences = [meaning(job.platform, attempt), capital(twin), _after(job, attempt)]
    step = _step(job, attempt.at_ms, _title(job, attempt), " ".join(f"{text}." for text in sentences if text))
    return structs.replace(
        step,
        tone="warn" if twin else TONES.get(attempt.outcome, "warn"),
        facts=_facts(attempt),
        todo=advice(job.platform, attempt.code) if attempt.outcome not in TAKEN else "",
        parked=_lies(job, attempt),
    )


def _title(job: JobTrace, attempt: AttemptTrace) -> str:
    name = named(job.platform)
    if attempt.code == DROPPED:
        return f"Dropped for {name}"
    return f"Delivered to {name}" if attempt.outcome in TAKEN else f"Attempt {attempt.attempt} at {name}"


def _lies(job: JobTrace, attempt: AttemptTrace) -> bool:
    """It was parked after this attempt, and has not been replayed or dropped since."""
    return job.state == "parked" and attempt is job.attempts[-1]


def _after(job: JobTrace, attempt: AttemptTrace) -> str:
    """What became of the job."""
    if attempt.parked:
        return f"It was given up{' and lies among the dead letters' if _lies(job, attempt) else ''}"
    gone = job.state == "dropped" and attempt is job.attempts[-1] and attempt.code != DROPPED
    return "It was thrown away, as CAPI_INVALID says" if gone else ""


def _facts(attempt: AttemptTrace) -> dict[str, str]:
    facts = {
        "class": attempt.outcome,
        "code": attempt.code,
        "status": str(attempt.http_status or ""),
        "latency": f"{attempt.latency_ms} ms" if attempt.latency_ms else "",
        "trace": attempt.trace_id,
    }
    return {name: value for name, value in facts.items() if value}


def _due(job: JobTrace, last: AttemptTrace, now_ms: int) -> Step:
    at_ms = last.at_ms + round(last.retry_in_s * 1000)
    late_ms = now_ms - at_ms
    if late_ms < LATE_MS:
        return _step(job, at_ms, "Next attempt due", f"In {span(late_ms)}." if late_ms < 0 else "Now.")
    text = f"It was due {span(late_ms)} ago. The pixel may be stopped or paused, or nobody delivers."
    return structs.replace(_step(job, at_ms, "Next attempt due", text), tone="warn")


def _step(job: JobTrace, at_ms: int, what: str, text: str) -> Step:
    return Step(at_ms=at_ms, what=what, text=text, platform=job.platform, pixel_id=job.pixel_id)
