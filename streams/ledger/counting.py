"""What a page counts of an event and its jobs: `sign` 1 adds it, -1 takes it back. Pure.

A job counts in the span in which it was queued; what takes both the event and its delivery to know (quality,
twins) counts when the later of the two is known.
"""

from __future__ import annotations

from streams.events import USER_FIELDS, Outcome
from streams.ledger.answers import JobState
from streams.ledger.pages import OpenPage
from streams.ledger.rows import NOTHING, AttemptRow, EventRow, JobRow, pixel_label
from streams.ledger.states import DROPPED, age_name, post_name, twin
from streams.ledger.tally import PROBE, Tally, add, merge_into

ENDED: tuple[JobState, ...] = ("parked", "dropped")


def count_known(page: OpenPage, event: EventRow, tally: Tally, sign: int) -> None:
    """All that the event's own batch says of its jobs."""
    for job in event.jobs:
        if job.queued is not None:
            _count_job(page, event, job, tally, sign)
        for attempt in job.attempts:
            count_delivered(page, event, job, attempt, tally, sign)


def count_queued(page: OpenPage, event: EventRow, job: JobRow, tally: Tally, sign: int) -> None:
    counts = _counts(page, job, (job.queued or 0) + page.page.base_ms, tally)
    add(counts, "queued", sign)
    _count_state(counts, page.state(job), sign)
    _count_job(page, event, job, tally, sign)


def count_changed(page: OpenPage, job: JobRow, before: JobState, tally: Tally) -> None:
    """A job that was `before` is something else now, in the span in which it was queued."""
    if job.queued is not None and before != (after := page.state(job)):
        counts = _counts(page, job, job.queued + page.page.base_ms, tally)
        _count_state(counts, before, -1)
        _count_state(counts, after, 1)


def count_forgotten(page: OpenPage, tally: Tally) -> None:
    """The page goes before its jobs came to an end: here they have come to one."""
    for job in (job for event in page.page.events for job in event.jobs if job.queued is not None):
        if page.state(job) not in ("delivered", *ENDED):
            add(_counts(page, job, (job.queued or 0) + page.page.base_ms, tally), "ended")


def _count_state(counts: dict[str, int], state: JobState, sign: int) -> None:
    if state == "delivered":
        add(counts, "acknowledged", sign)
    elif state in ENDED:
        add(counts, "ended", sign)


def _count_job(page: OpenPage, event: EventRow, job: JobRow, tally: Tally, sign: int) -> None:
    if event.batch == NOTHING:
        return
    at_ms = page.page.batches[event.batch].flushed + page.page.base_ms
    counts = _quality(page, event, job, at_ms, tally)
    add(counts, "events", sign)
    add(counts, "scored", sign)
    add(counts, "score", sign * job.score)
    filled = set(event.backfilled[::2])
    for number, field in enumerate(USER_FIELDS):
        if event.fields >> number & 1:
            add(counts, f"backfilled:{field}" if number in filled else f"own:{field}", sign)


def _counts(page: OpenPage, job: JobRow, at_ms: int, tally: Tally) -> dict[str, int]:
    return tally.counts("m", at_ms, page.tenant, page.text(job.platform), page.text(job.pixel))


def _quality(page: OpenPage, event: EventRow, job: JobRow, at_ms: int, tally: Tally) -> dict[str, int]:
    pixel = pixel_label(page.text(job.platform), page.text(job.pixel))
    return tally.counts("q", at_ms, page.tenant, pixel, page.text(event.name))


def count_attempt(page: OpenPage, outcome: Outcome, tally: Tally) -> None:
    counts = tally.counts("m", outcome.at_ms, page.tenant, outcome.platform, outcome.pixel_id)
    if outcome.code == DROPPED:
        add(counts, "dropped")
        return
    add(counts, "attempts")
    add(counts, outcome.outcome)
    if outcome.parked:
        add(counts, "parked")
    elif outcome.outcome == "invalid":
        add(counts, "dropped")
    if outcome.http_status or outcome.latency_ms:
        add(counts, "posts")
        add(counts, "latency_ms", outcome.latency_ms)
    if outcome.leads:
        add(counts, post_name(outcome.latency_ms))
    if outcome.closed_s > 0:
        merge_into(counts, {PROBE: outcome.at_ms + round(outcome.closed_s * 1000)})
    if outcome.outcome == "delivered":
        add(counts, age_name(outcome.age_ms))


def count_delivered(
    page: OpenPage, event: EventRow, job: JobRow, attempt: AttemptRow, tally: Tally, sign: int
) -> None:
    """What takes both the event and its delivery to know."""
    if event.batch == NOTHING or page.text(attempt.outcome) != "delivered":
        return
    at_ms, age = attempt.at + page.page.base_ms, age_name(attempt.age_ms)
    counts, fired = _quality(page, event, job, at_ms, tally), [page.text(word) for word in event.fired]
    for counted in ("delivered", twin(page.text(job.platform), fired, attempt.age_ms), age):
        add(counts, counted, sign)
    if page.text(event.name) == "Purchase":
        add(_counts(page, job, at_ms, tally), f"purchase_{age}", sign)
