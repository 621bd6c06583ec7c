"""One page of a visit, open: records are told to it, and it counts what is new in them. Pure.

Records come in any order and more than once. What a page has counted is what it holds, so a repeat counts nothing;
where two records say different things of the same, the earlier one counts, whichever came first.
"""

from __future__ import annotations

from msgspec import structs

from streams.events import USER_FIELDS, Batch, Enriched, Outcome, QueuedJob
from streams.ledger.answers import AttemptTrace, JobState
from streams.ledger.rows import NOTHING, AttemptRow, BatchRow, EventRow, JobRow, Page
from streams.ledger.states import ACKNOWLEDGED, DROPPED, age_name, prefix, state_of, twin
from streams.ledger.tally import Tally, add

HASHED = USER_FIELDS[: USER_FIELDS.index("external_id") + 1]  # the fields of digests come first
MOST_ATTEMPTS = 40  # of one job
LONGEST_WHY, LONGEST_ID = 200, 120
ENDED: tuple[JobState, ...] = ("parked", "dropped")
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

    def _event(self, event_id: str) -> EventRow:
        event = self.by_id.get(event_id)
        if event is None:
            event = self.by_id[event_id] = EventRow(event_id, [], fired=[], backfilled=[])
            self.page.events.append(event)
        return event

    def _job(self, event: EventRow, platform: str, pixel_id: str, name: str) -> JobRow:
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

    def left(self, number: int, enriched: Enriched, tally: Tally) -> None:
        """An event left with the batch of that number. Of two batches the earlier counts."""
        event, batches = self._event(enriched.event.event_id), self.page.batches
        if event.batch != NOTHING:
            old, new = batches[event.batch], batches[number]
            if (old.flushed, old.batch_id) <= (new.flushed, new.batch_id):
                return
            self._count_known(event, tally, -1)
        self._describe(event, number, enriched)
        self._count_known(event, tally, 1)

    def _describe(self, row: EventRow, number: int, enriched: Enriched) -> None:
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

    def _count_known(self, event: EventRow, tally: Tally, sign: int) -> None:
        for job in event.jobs:
            if job.queued is not None:
                self._count_job(event, job, tally, sign)
            for attempt in job.attempts:
                self._count_delivered(event, job, attempt, tally, sign)

    # -- its jobs

    def queued(self, queued: QueuedJob, at_ms: int, tally: Tally) -> None:
        event = self._event(queued.event_id)
        job = self._job(event, queued.platform, queued.pixel_id, queued.event_name)
        at = at_ms - self.page.base_ms
        if job.queued is not None:
            if job.queued <= at:
                return
            self._count_queued(event, job, tally, -1)
        job.queued, job.score = at, round(queued.score * 100)
        self._count_queued(event, job, tally, 1)

    def _count_queued(self, event: EventRow, job: JobRow, tally: Tally, sign: int) -> None:
        counts = self._counts(job, (job.queued or 0) + self.page.base_ms, tally)
        add(counts, "queued", sign)
        self._count_state(counts, self.state(job), sign)
        self._count_job(event, job, tally, sign)

    def _count_state(self, counts: dict[str, int], state: JobState, sign: int) -> None:
        if state == "delivered":
            add(counts, "acknowledged", sign)
        elif state in ENDED:
            add(counts, "ended", sign)

    def _count_job(self, event: EventRow, job: JobRow, tally: Tally, sign: int) -> None:
        if event.batch == NOTHING:
            return
        at_ms = self.page.batches[event.batch].flushed + self.page.base_ms
        counts = tally.counts("q", at_ms, self.tenant, self.text(job.platform), self.text(event.name))
        add(counts, "events", sign)
        add(counts, "scored", sign)
        add(counts, "score", sign * job.score)
        filled = set(event.backfilled[::2])
        for number, field in enumerate(USER_FIELDS):
            if event.fields >> number & 1:
                add(counts, f"backfilled:{field}" if number in filled else f"own:{field}", sign)

    def _counts(self, job: JobRow, at_ms: int, tally: Tally) -> dict[str, int]:
        return tally.counts("m", at_ms, self.tenant, self.text(job.platform), self.text(job.pixel))

    # -- their attempts

    def attempted(self, outcome: Outcome, tally: Tally) -> None:
        event = self._event(outcome.event_id)
        job = self._job(event, outcome.platform, outcome.pixel_id, outcome.event_name)
        at, outcome_word = outcome.at_ms - self.page.base_ms, self.word(outcome.outcome)
        code = self.word(outcome.code[:LONGEST_ID])
        if any(
            (a.at, a.attempt, a.outcome, a.code) == (at, outcome.attempt, outcome_word, code) for a in job.attempts
        ):
            return
        if len(job.attempts) >= MOST_ATTEMPTS:
            if at < job.attempts[0].at:
                return
            del job.attempts[0 if self.text(job.attempts[0].outcome) not in ACKNOWLEDGED else 1]
        before = self.state(job)
        row = self._attempt_row(outcome, at, outcome_word, code)
        job.attempts.append(row)
        job.attempts.sort(key=lambda a: (a.at, a.attempt, self.text(a.outcome), self.text(a.code)))
        self._count_attempt(outcome, tally)
        if job.queued is not None and before != (after := self.state(job)):
            counts = self._counts(job, job.queued + self.page.base_ms, tally)
            self._count_state(counts, before, -1)
            self._count_state(counts, after, 1)
        self._count_delivered(event, job, row, tally, 1)

    def _attempt_row(self, outcome: Outcome, at: int, outcome_word: int, code: int) -> AttemptRow:
        return AttemptRow(
            at,
            outcome.attempt,
            outcome_word,
            code,
            self.word(outcome.why[:LONGEST_WHY]),
            outcome.trace_id[:LONGEST_ID],
            outcome.http_status,
            outcome.latency_ms,
            outcome.retry_in_s,
            outcome.parked,
            outcome.age_ms,
        )

    def _count_attempt(self, outcome: Outcome, tally: Tally) -> None:
        counts = tally.counts("m", outcome.at_ms, self.tenant, outcome.platform, outcome.pixel_id)
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
        if outcome.outcome == "delivered":
            add(counts, age_name(outcome.age_ms))

    def _count_delivered(self, event: EventRow, job: JobRow, attempt: AttemptRow, tally: Tally, sign: int) -> None:
        """What takes both the event and its delivery to know."""
        if event.batch == NOTHING or self.text(attempt.outcome) != "delivered":
            return
        at_ms, name = attempt.at + self.page.base_ms, self.text(event.name)
        platform, age = self.text(job.platform), age_name(attempt.age_ms)
        counts = tally.counts("q", at_ms, self.tenant, platform, name)
        fired = [self.text(word) for word in event.fired]
        for counted in ("delivered", twin(platform, fired, attempt.age_ms), age):
            add(counts, counted, sign)
        if name == "Purchase":
            add(self._counts(job, at_ms, tally), f"purchase_{age}", sign)

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
