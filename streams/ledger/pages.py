"""One page of a visit, open: finds its rows, and makes those that are not there. Pure.

What records say of it is told in :mod:`streams.ledger.telling`.
"""

from __future__ import annotations

from msgspec import structs

from streams.events import USER_FIELDS, Batch, Enriched, Outcome
from streams.ledger.answers import AttemptTrace, JobState
from streams.ledger.rows import NOTHING, AttemptRow, BatchRow, EventRow, JobRow, Page
from streams.ledger.states import prefix, state_of

HASHED = USER_FIELDS[: USER_FIELDS.index("external_id") + 1]  # the fields of digests come first
LONGEST_WHY, LONGEST_ID = 200, 120
FIELD_NUMBER = {field: number for number, field in enumerate(USER_FIELDS)}


class OpenPage:
    """`page` as it is stored at `key`, and what finds things in it."""

    def __init__(self, tenant: str, page: Page, key: bytes = b"") -> None:
        self.tenant, self.page, self.key = tenant, page, key
        self.changed = False
        self.by_id = {event.event_id: event for event in page.events}
        self._words = {word: number for number, word in enumerate(page.words)}
        self._people: dict[tuple[object, ...], int] = {}

    # -- words and times

    def word(self, text: str) -> int:
        if not text:
            return NOTHING
        found = self._words.get(text)
        if found is None:
            found = self._words[text] = len(self.page.words)
            self.page.words.append(text)
        return found

    def text(self, word: int) -> str:
        return self.page.words[word] if word >= 0 else ""

    def event(self, event_id: str) -> EventRow:
        event = self.by_id.get(event_id)
        if event is None:
            event = self.by_id[event_id] = EventRow(event_id, [], fired=[], backfilled=[])
            self.page.events.append(event)
        return event

    def job(self, event: EventRow, platform: str, pixel_id: str, name: str) -> JobRow:
        labels = (self.word(platform), self.word(pixel_id), self.word(name))
        for job in event.jobs:
            if (job.platform, job.pixel, job.name) == labels:
                return job
        job = JobRow(*labels, attempts=[])
        event.jobs.append(job)
        return job

    # -- a batch

    def has_batch(self, batch_id: str) -> bool:
        return any(batch.batch_id == batch_id for batch in self.page.batches)

    def take_batch(self, batch: Batch) -> int:
        """The number of the batch's row here, which is made."""
        base_ms = self.page.base_ms
        for number, known in enumerate(self.page.batches):
            if known.batch_id == batch.batch_id:
                return number
        row = BatchRow(
            batch.batch_id,
            batch.opened_at_ms - base_ms,
            batch.flushed_at_ms - base_ms,
            self.word(batch.reason),
            batch.partition,
            batch.first_offset,
        )
        self.page.batches.append(row)
        return len(self.page.batches) - 1

    def describe(self, row: EventRow, number: int, enriched: Enriched) -> None:
        event, base_ms = enriched.event, self.page.base_ms
        values = structs.astuple(event.user)
        row.batch = number
        row.name = self.word(event.event_name)
        row.time = event.event_time_ms - base_ms
        row.received = enriched.at_ms - base_ms
        row.consent = self.word(event.consent)
        row.fired = [self.word(platform) for platform in event.browser_fired]
        row.fields = sum(1 << position for position, value in enumerate(values) if value)
        row.person = self._person(values[: len(HASHED)])
        row.backfilled = [
            number
            for field, source in enriched.backfilled.items()
            if field in FIELD_NUMBER
            for number in (FIELD_NUMBER[field], self.word(source))
        ]

    def _person(self, values: tuple[tuple[str, ...], ...]) -> int:
        found = self._people.get(values)
        if found is None:
            person = [(number, prefix(digest)) for number, digests in enumerate(values) for digest in digests]
            if not person:
                return NOTHING
            if person not in self.page.people:
                self.page.people.append(person)
            found = self._people[values] = self.page.people.index(person)
        return found

    # -- attempts

    def attempt_row(self, outcome: Outcome) -> AttemptRow:
        return AttemptRow(
            outcome.at_ms - self.page.base_ms,
            outcome.attempt,
            self.word(outcome.outcome),
            self.word(outcome.code[:LONGEST_ID]),
            self.word(outcome.why[:LONGEST_WHY]),
            outcome.trace_id[:LONGEST_ID],
            outcome.http_status,
            outcome.latency_ms,
            outcome.retry_in_s,
            outcome.parked,
            outcome.age_ms,
        )

    def attempts(self, job: JobRow) -> tuple[AttemptTrace, ...]:
        return tuple(
            AttemptTrace(
                at_ms=row.at + self.page.base_ms,
                attempt=row.attempt,
                outcome=self.text(row.outcome),
                code=self.text(row.code),
                why=self.text(row.why),
                trace_id=row.trace_id,
                http_status=row.http_status,
                latency_ms=row.latency_ms,
                retry_in_s=row.retry_in_s,
                parked=row.parked,
            )
            for row in job.attempts
        )

    def state(self, job: JobRow) -> JobState:
        return state_of(self.attempts(job))
