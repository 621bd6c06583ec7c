"""From a page's rows to the traces that are shown. Pure."""

from __future__ import annotations

from streams.events import USER_FIELDS
from streams.ledger.answers import EventTrace, JobTrace
from streams.ledger.pages import OpenPage
from streams.ledger.rows import NOTHING, EventRow, JobRow
from streams.ledger.states import ACKNOWLEDGED, SHOWN_DIGITS, state_of


def trace_of(page: OpenPage, session_id: str, row: EventRow) -> EventTrace:
    base_ms, text = page.page.base_ms, page.text
    jobs = tuple(sorted((_job(page, job) for job in row.jobs), key=lambda job: (job.platform, job.pixel_id)))
    if row.batch == NOTHING:
        return EventTrace(tenant=page.tenant, session_id=session_id, event_id=row.event_id, jobs=jobs)
    batch = page.page.batches[row.batch]
    person = page.page.people[row.person] if row.person != NOTHING else []
    sources = zip(row.backfilled[::2], row.backfilled[1::2], strict=True)
    return EventTrace(
        tenant=page.tenant,
        session_id=session_id,
        event_id=row.event_id,
        event_name=text(row.name),
        event_time_ms=row.time + base_ms,
        received_ms=row.received + base_ms,
        opened_ms=batch.opened + base_ms,
        flushed_ms=batch.flushed + base_ms,
        reason=text(batch.reason),  # type: ignore[arg-type]
        batch_id=batch.batch_id,
        partition=batch.partition,
        offset=batch.offset,
        consent=text(row.consent),
        browser_fired=tuple(text(word) for word in row.fired),
        fields=tuple(field for number, field in enumerate(USER_FIELDS) if row.fields >> number & 1),
        backfilled={USER_FIELDS[number]: text(word) for number, word in sorted(sources)},
        digests={USER_FIELDS[number]: digest.hex()[:SHOWN_DIGITS] for number, digest in reversed(person)},
        jobs=jobs,
    )


def _job(page: OpenPage, job: JobRow) -> JobTrace:
    attempts = page.attempts(job)
    told = [row.age_ms for row in job.attempts if page.text(row.outcome) in ACKNOWLEDGED]
    return JobTrace(
        platform=page.text(job.platform),
        pixel_id=page.text(job.pixel),
        event_name=page.text(job.name),
        state=state_of(attempts),
        queued_ms=0 if job.queued is None else job.queued + page.page.base_ms,
        score=job.score / 100,
        age_ms=told[0] if told else 0,
        attempts=attempts,
    )
