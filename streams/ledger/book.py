"""The book of a ledger worker: what records tell becomes rows and counts, and what is too old goes. Pure.

`table` maps keys to encoded rows (:mod:`streams.ledger.rows`). Within a run of records pages are open and counts
are gathered; `save` writes both to the table, before the run is committed.

What looks at every row comes in slices, `starting_over` and `erasing`: between two of them others may ask, and
nobody may apply, advance or save. An erasure saves what its run has told before, so that nothing is half told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from streams.events import Batch, Erase, Noted, Outcome, Queued, Reject
from streams.ledger import erased
from streams.ledger.answering import answer
from streams.ledger.answers import Answer
from streams.ledger.index import Index
from streams.ledger.live import Place
from streams.ledger.newest import Newest
from streams.ledger.parts import Keep, Part, Table
from streams.ledger.queries import Query
from streams.ledger.rows import session_of
from streams.ledger.spans import Spans
from streams.ledger.tally import add
from streams.ledger.telling import tell_attempt, tell_left, tell_queued
from streams.ledger.visits import Visits

MOST_STEPS = 2_000  # rows that one call to `advance` looks at
RESTORED, LOOKED_AT = 1_000, 5_000  # rows of one slice: some 5 ms each
Told = Batch | Outcome | Reject | Queued | Noted | Erase


class Book:
    def __init__(self, table: Table, keep: Keep) -> None:
        self.table, self._keep = table, keep
        self._begin(())

    def _begin(self, partitions: Iterable[int]) -> None:
        self.index = Index()
        self.parts = {partition: Part() for partition in partitions}
        self._visits, self._newest = Visits(self.table, self.index), Newest(self.table, self.index)
        self._spans = Spans(self.table, self.index, self._keep)

    @property
    def events(self) -> int:
        return sum(part.events for part in self.parts.values())

    # -- being asked

    def answer(self, query: Query) -> Answer:
        """The whole answer at once; `streams.ledger.answering.answering` gives it in slices."""
        return answer(query, self)

    def pages_of(self, session: bytes) -> list[bytes]:
        return self._visits.pages_of(session)

    def holding(self, erase: Erase, keys: Iterable[bytes]) -> Iterator[bytes]:
        return erased.holding(self.table, erase, keys)

    # -- taking over

    def start_over(self, partitions: Mapping[int, Iterable[bytes]]) -> None:
        """These partitions with these keys are this worker's now."""
        for _ in self.starting_over(partitions):
            pass

    def starting_over(self, partitions: Mapping[int, Iterable[bytes]]) -> Iterator[None]:
        """The same in slices."""
        self._begin(partitions)
        for partition, keys in partitions.items():
            for number, key in enumerate(keys):
                self._restore(self.parts[partition], key)
                if number % RESTORED == RESTORED - 1:
                    yield

    def _restore(self, part: Part, key: bytes) -> None:
        kind = key[:1]
        if kind == b"v":
            self._visits.restore(part, key)
        elif kind == b"r":
            self._newest.restore_reject(part, key)
        elif kind == b"a":
            self._newest.restore_note(part, key)
        elif kind == b"x":
            erased.restore_erased(part, self.table[key])
        else:
            self._spans.restore(part, key)

    # -- records

    def apply(self, value: Told, place: Place) -> None:
        part = self.parts.setdefault(place.partition, Part())
        if isinstance(value, Outcome):
            page = self._visits.page_of(part, value.tenant, value.session_id, value.event_id, place.at_ms)
            tell_attempt(page, value, part.tally)
        elif isinstance(value, Queued):
            self._queued(part, value, place.at_ms)
        elif isinstance(value, Batch):
            self._batch(part, value, place.at_ms)
        elif isinstance(value, Reject):
            self._newest.reject(part, value, place)
        elif isinstance(value, Noted):
            self._newest.note(part, value, place.partition)
        else:
            for _ in self.erasing(value, place):
                pass

    def _queued(self, part: Part, queued: Queued, at_ms: int) -> None:
        for job in queued.jobs:
            page = self._visits.page_of(part, queued.tenant, queued.session_id, job.event_id, at_ms)
            tell_queued(page, job, queued.at_ms, part.tally)

    def _batch(self, part: Part, batch: Batch, at_ms: int) -> None:
        """A batch is counted once; of erased people it is counted only."""
        if not self._visits.has_batch(batch):
            count_batch(part, batch)
        if part.erased and erased.is_erased(part, batch):
            return
        for enriched in batch.events:
            event_id = enriched.event.event_id
            page = self._visits.page_of(part, batch.tenant, batch.session_id, event_id, at_ms)
            tell_left(page, batch, enriched, part.tally)

    def erasing(self, erase: Erase, place: Place) -> Iterator[None]:
        """Forgets the visits of a person, and remembers not to take batches from before that come late."""
        part = self.parts.setdefault(place.partition, Part())
        self.table[f"x|{place.partition}".encode()] = erased.remember(part, erase, place.at_ms)
        self.save()
        keys, sessions = [*part.pages.keys], set[bytes]()
        for start in range(0, len(keys), LOOKED_AT):
            sessions |= {session_of(key) for key in self.holding(erase, keys[start : start + LOOKED_AT])}
            yield
        for session in sessions:
            for key in self.pages_of(session):
                self._visits.erase(part, key)

    # -- the end of a run, and what goes

    def save(self) -> None:
        """Everything that changed goes to the table."""
        self._visits.save()
        for partition, part in self.parts.items():
            self._spans.save(partition, part)

    def advance(self, partition: int, now_ms: int) -> None:
        """Log time has come to `now_ms`: what is too old goes, and what is too much; MOST_STEPS rows at a call."""
        part = self.parts.setdefault(partition, Part())
        part.now_ms = max(part.now_ms, now_ms)
        too_old_ms, steps = part.now_ms - self._keep.ledger_ms, iter(range(MOST_STEPS))
        self._visits.advance(part, too_old_ms, self._keep.events, steps)
        self._spans.advance(part, steps)
        self._newest.advance(part, too_old_ms, steps)


def count_batch(part: Part, batch: Batch) -> None:
    counts = part.tally.counts("m", batch.flushed_at_ms, batch.tenant)
    add(counts, "batches")
    add(counts, f"flush_{batch.reason}")
    add(counts, "events", len(batch.events))
    add(counts, "enriched", sum(bool(enriched.backfilled) for enriched in batch.events))
