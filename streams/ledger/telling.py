"""What records tell an open page, and what it counts when that is new. Pure.

Records come in any order and more than once. What a page has counted is what it holds, so a repeat counts nothing;
where two records say different things of the same, the earlier one counts, whichever came first.
"""

from __future__ import annotations

from streams.events import Batch, Enriched, Outcome, QueuedJob
from streams.ledger.counting import count_attempt, count_changed, count_delivered, count_known, count_queued
from streams.ledger.pages import OpenPage
from streams.ledger.rows import NOTHING, AttemptRow, JobRow
from streams.ledger.states import ACKNOWLEDGED
from streams.ledger.tally import Tally

MOST_ATTEMPTS = 40  # of one job


def tell_left(page: OpenPage, batch: Batch, enriched: Enriched, tally: Tally) -> None:
    """An event left with the batch. Of two batches the earlier counts."""
    number = page.take_batch(batch)
    event, batches = page.event(enriched.event.event_id), page.page.batches
    if event.batch != NOTHING:
        old, new = batches[event.batch], batches[number]
        if (old.flushed, old.batch_id) <= (new.flushed, new.batch_id):
            return
        count_known(page, event, tally, -1)
    page.describe(event, number, enriched)
    count_known(page, event, tally, 1)


def tell_queued(page: OpenPage, queued: QueuedJob, at_ms: int, tally: Tally) -> None:
    event = page.event(queued.event_id)
    job = page.job(event, queued.platform, queued.pixel_id, queued.event_name)
    at = at_ms - page.page.base_ms
    if job.queued is not None:
        if job.queued <= at:
            return
        count_queued(page, event, job, tally, -1)
    job.queued, job.score = at, round(queued.score * 100)
    count_queued(page, event, job, tally, 1)


def tell_attempt(page: OpenPage, outcome: Outcome, tally: Tally) -> None:
    event = page.event(outcome.event_id)
    job = page.job(event, outcome.platform, outcome.pixel_id, outcome.event_name)
    row, before = page.attempt_row(outcome), page.state(job)
    if any(_same(row, known) for known in job.attempts) or not _make_room(page, job, row):
        return
    job.attempts.append(row)
    job.attempts.sort(key=lambda a: (a.at, a.attempt, page.text(a.outcome), page.text(a.code)))
    count_attempt(page, outcome, tally)
    count_changed(page, job, before, tally)
    count_delivered(page, event, job, row, tally, 1)


def _same(one: AttemptRow, other: AttemptRow) -> bool:
    return (one.at, one.attempt, one.outcome, one.code) == (other.at, other.attempt, other.outcome, other.code)


def _make_room(page: OpenPage, job: JobRow, row: AttemptRow) -> bool:
    """Of too many the oldest goes, but not one that says delivered; False when `row` is older than all."""
    if len(job.attempts) >= MOST_ATTEMPTS:
        if row.at < job.attempts[0].at:
            return False
        del job.attempts[0 if page.text(job.attempts[0].outcome) not in ACKNOWLEDGED else 1]
    return True
