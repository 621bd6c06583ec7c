"""What the way of an event comes to, in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from streams.events import Record
from streams.ledger.answers import EventTrace, JobTrace, RejectSeen
from streams.ledger.story.delivery import LATE_MS, copies
from streams.ledger.story.shapes import Tone, worst
from streams.ledger.story.words import because, capital, listed, named, span

QUEUED_LONG_MS = 300_000  # without an attempt


class Finding(Record, frozen=True):
    """A part of the sentence, and how bad it is."""

    text: str
    tone: Tone


def verdict_of(trace: EventTrace, rejects: Sequence[RejectSeen], now_ms: int) -> tuple[str, Tone]:
    """One sentence, with a full stop."""
    findings = [*_delivered(trace), *_not_delivered(trace, now_ms), *map(_refused, rejects)]
    if not findings:
        findings = [_no_jobs(trace, now_ms)]
    text = capital("; ".join(finding.text for finding in findings))
    return f"{text}.", worst([finding.tone for finding in findings])


def _delivered(trace: EventTrace) -> Iterator[Finding]:
    there = [job for job in trace.jobs if job.state == "delivered"]
    if not there:
        return
    whole = len(there) == len(trace.jobs)
    age_ms = max(job.age_ms for job in there)
    after = f" {span(age_ms)} after it happened" if age_ms else ""
    yield Finding(text=f"delivered to {listed(_whom(trace, there))}{after}", tone="ok" if whole else "quiet")
    for late in dict.fromkeys(filter(None, (copies(trace, job) for job in there))):
        yield Finding(text=f"but {late}", tone="warn")


def _not_delivered(trace: EventTrace, now_ms: int) -> Iterator[Finding]:
    for job in trace.jobs:
        if job.state != "delivered":
            (name,) = _whom(trace, [job])
            yield STATES[job.state](job, name, now_ms)


def _queued(job: JobTrace, name: str, now_ms: int) -> Finding:
    since_ms = now_ms - job.queued_ms
    waits = f" for {span(since_ms)}" if job.queued_ms else ""
    return Finding(
        text=f"queued for {name}{waits}, not tried yet", tone="warn" if since_ms > QUEUED_LONG_MS else "quiet"
    )


def _retry(job: JobTrace, name: str, now_ms: int) -> Finding:
    last = job.attempts[-1]
    left_ms = last.at_ms + last.retry_in_s * 1000 - now_ms
    due = f"is due in {span(left_ms)}" if left_ms > 0 else "is due now"
    if left_ms < -LATE_MS:
        due = f"has been due for {span(left_ms)}"
    return Finding(
        text=f"{name} has not taken it yet{because(last.why, last.code)}: the next attempt {due}", tone="warn"
    )


def _waiting(job: JobTrace, name: str, now_ms: int) -> Finding:
    last = job.attempts[-1]
    return Finding(
        text=f"{name} refuses the pixel{because(last.why, last.code)}, so it waits: mend that and it goes",
        tone="bad",
    )


def _parked(job: JobTrace, name: str, now_ms: int) -> Finding:
    last = job.attempts[-1]
    return Finding(
        text=f"given up for {name}{because(last.why, last.code)}: it lies among the dead letters", tone="bad"
    )


def _dropped(job: JobTrace, name: str, now_ms: int) -> Finding:
    return Finding(text=f"dropped for {name}{because(job.attempts[-1].why, '')}", tone="bad")


STATES: dict[str, Callable[[JobTrace, str, int], Finding]] = {
    "queued": _queued,
    "retry": _retry,
    "waiting": _waiting,
    "parked": _parked,
    "dropped": _dropped,
}


def _refused(reject: RejectSeen) -> Finding:
    whom = f"sent to {named(reject.platform)}" if reject.platform else "taken"
    return Finding(text=f"not {whom}: {reject.reason}", tone="bad")


def _no_jobs(trace: EventTrace, now_ms: int) -> Finding:
    """It left its session, and that is all that is known."""
    since_ms = now_ms - trace.flushed_ms
    if since_ms < LATE_MS:
        return Finding(text=f"left its session {span(since_ms)} ago and is on its way to the queues", tone="quiet")
    return Finding(
        text=f"left its session {span(since_ms)} ago and was not queued: either no destination of tenant "
        f"{trace.tenant} takes {trace.event_name or 'it'}, or dispatch is behind",
        tone="warn",
    )


def _whom(trace: EventTrace, jobs: Sequence[JobTrace]) -> list[str]:
    """Names of platforms, with the pixel where a platform has several."""
    pixels = Counter(job.platform for job in trace.jobs)
    return [
        named(job.platform) if pixels[job.platform] == 1 else f"{named(job.platform)} pixel {job.pixel_id}"
        for job in jobs
    ]
