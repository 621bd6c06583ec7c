"""The book of a ledger worker: what records tell becomes rows and counts, and what is too old goes. Pure.

`table` maps keys to encoded rows (:mod:`streams.ledger.rows`). Within a run of records pages are open and counts
are gathered; `save` writes both to the table, before the run is committed and before anything else may ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from hashlib import sha256
from typing import NamedTuple

import msgspec

from streams.events import Batch, Enriched, Erase, Noted, Outcome, Queued, Reject, session_key
from streams.ledger.answering import answer
from streams.ledger.answers import Answer, RejectSeen
from streams.ledger.index import Index
from streams.ledger.live import Place
from streams.ledger.pages import FIELD_NUMBER, HASHED, OpenPage
from streams.ledger.queries import Query
from streams.ledger.rows import (
    PAGE_EVENTS,
    PAGES,
    Erased,
    Page,
    Sums,
    decode_erased,
    decode_head,
    decode_page,
    decode_reject_row,
    decode_sums,
    encode_row,
    page_key,
    session_of,
    sums_key,
    sums_of,
)
from streams.ledger.shelves import Shelf
from streams.ledger.states import prefix
from streams.ledger.tally import LATEST, Tally, add, merge_into, summed

MOST_STEPS = 2_000  # rows that one call to `advance` looks at
REJECTS, NOTES, ERASURES = 5_000, 10_000, 1_000  # most that are kept of each, per partition


class Keep(NamedTuple):
    """How long and how much: milliseconds of log time, and events per partition."""

    ledger_ms: int = 604_800_000
    minutes_ms: int = 86_400_000
    events: int = 250_000


class Part:
    """What a worker remembers of one partition's rows beside the table."""

    def __init__(self) -> None:
        self.events = 0
        self.now_ms = 0
        self.tally = Tally()
        self.pages, self.sums, self.rejects, self.notes = Shelf(), Shelf(), Shelf(), Shelf()
        self.erased: dict[tuple[str, int, bytes], int] = {}  # -> log time of the erasure


class Book:
    def __init__(self, table: MutableMapping[bytes, bytes], keep: Keep) -> None:
        self.table, self._keep = table, keep
        self.parts: dict[int, Part] = {}
        self.index = Index()
        self._open: dict[bytes, OpenPage] = {}

    @property
    def events(self) -> int:
        return sum(part.events for part in self.parts.values())

    def answer(self, query: Query) -> Answer:
        """The whole answer at once; `streams.ledger.answering.answering` gives it in slices."""
        return answer(query, self)

    # -- taking over

    def start_over(self, partitions: Mapping[int, Iterable[bytes]]) -> None:
        """These partitions with these keys are this worker's now."""
        self._open.clear()
        self.index = Index()
        self.parts = {partition: Part() for partition in partitions}
        for partition, keys in partitions.items():
            for key in keys:
                self._restore(self.parts[partition], key)

    def _restore(self, part: Part, key: bytes) -> None:
        kind, value = key[:1], self.table[key]
        if kind == b"v":
            page = decode_page(value)
            part.events += len(page.events)
            part.pages.put(page.at_ms, key)
            self.index.add_all((event.event_id for event in page.events), key)
        elif kind == b"r":
            reject = decode_reject_row(value)
            part.rejects.put(reject.at_ms, key)
            self.index.add_all((reject.event_id,) if reject.event_id else (), key)
        elif kind == b"a":
            part.notes.put(msgspec.msgpack.decode(value, type=Noted).at_ms, key)
        elif kind == b"x":
            part.erased = {(t, f, p): at_ms for t, f, p, at_ms in decode_erased(value).people}
        else:
            self._shelve_sums(part, key)

    # -- records

    def apply(self, value: Batch | Outcome | Reject | Queued | Noted | Erase, place: Place) -> None:
        part = self.parts.setdefault(place.partition, Part())
        if isinstance(value, Outcome):
            page = self._page_of(part, value.tenant, value.session_id, value.event_id, place.at_ms)
            page.attempted(value, part.tally)
        elif isinstance(value, Queued):
            for job in value.jobs:
                page = self._page_of(part, value.tenant, value.session_id, job.event_id, place.at_ms)
                page.queued(job, value.at_ms, part.tally)
        elif isinstance(value, Batch):
            self._batch(part, value, place.at_ms)
        elif isinstance(value, Reject):
            self._reject(part, value, place)
        elif isinstance(value, Noted):
            self._note(part, value, place.partition)
        else:
            self._erase(part, value, place)

    def _batch(self, part: Part, batch: Batch, at_ms: int) -> None:
        """A batch is counted once; of erased people it is counted only."""
        if not self._knows(batch):
            counts = part.tally.counts("m", batch.flushed_at_ms, batch.tenant)
            add(counts, "batches")
            add(counts, f"flush_{batch.reason}")
            add(counts, "events", len(batch.events))
            add(counts, "enriched", sum(bool(enriched.backfilled) for enriched in batch.events))
        if part.erased and self._is_erased(part, batch):
            return
        for enriched in batch.events:
            event_id = enriched.event.event_id
            page = self._page_of(part, batch.tenant, batch.session_id, event_id, at_ms)
            page.left(page.take_batch(batch), enriched, part.tally)

    def _knows(self, batch: Batch) -> bool:
        """By the pages of its first event: that is where the batch would be."""
        session, first = batch.key, batch.events[0].event.event_id if batch.events else ""
        return any(
            session_of(key) == session and self.opened(key).has_batch(batch.batch_id)
            for key in self.index.find(first)
            if key[:1] == b"v"
        )

    def _is_erased(self, part: Part, batch: Batch) -> bool:
        return any(
            part.erased.get((batch.tenant, number, prefix(digest)), -1) >= batch.flushed_at_ms
            for enriched in batch.events
            for number, digest in digests_of(enriched)
        )

    def _reject(self, part: Part, reject: Reject, place: Place) -> None:
        seen = msgspec.convert({**msgspec.structs.asdict(reject), "at_ms": place.at_ms}, RejectSeen)
        digest = sha256(repr(msgspec.structs.astuple(reject)).encode(errors="replace")).hexdigest()[:16]
        key = f"r|{place.partition}|{digest}".encode()
        if key in self.table:
            return
        self.table[key] = encode_row(seen)
        part.rejects.put(place.at_ms, key)
        self.index.add_all((reject.event_id,) if reject.event_id else (), key)
        add(part.tally.counts("m", place.at_ms, reject.tenant), "rejected")
        if reject.platform:
            add(part.tally.counts("m", place.at_ms, reject.tenant, reject.platform, reject.pixel_id), "refused")
        why = f"{reject.reason}\0{reject.field}"
        counts = part.tally.counts("k", place.at_ms, reject.tenant, reject.platform, why)
        merge_into(counts, {"count": 1, LATEST: place.at_ms})
        for oldest in part.rejects.taken(0, iter(range(2)), REJECTS):  # a flood of them comes without ticks
            self._forget_reject(oldest)

    def _note(self, part: Part, note: Noted, partition: int) -> None:
        key = f"a|{partition}|{note.note_id}".encode()
        if key not in self.table:
            self.table[key] = encode_row(note)
            part.notes.put(note.at_ms, key)

    def _erase(self, part: Part, erase: Erase, place: Place) -> None:
        """Forgets the visits of a person, and remembers not to take batches from before that come late."""
        number, digest = FIELD_NUMBER.get(erase.field, -1), prefix(erase.digest)
        part.erased[erase.tenant, number, digest] = place.at_ms
        newest = sorted(part.erased.items(), key=lambda item: item[1])[-ERASURES:]
        part.erased = dict(newest)
        self.table[f"x|{place.partition}".encode()] = encode_row(Erased([(*who, at) for who, at in newest]))
        self.save()
        sessions = {session_of(key) for key in self.holding(erase, [*part.pages.keys])}
        for session in sessions:
            for key in self.pages_of(session):
                self._forget_page(part, key)

    # -- pages

    def holding(self, erase: Erase, keys: Iterable[bytes]) -> Iterator[bytes]:
        """Those of `keys` whose page has the digest in the field: by its bytes first, which is fast."""
        number, digest, tenant = FIELD_NUMBER.get(erase.field, -1), prefix(erase.digest), erase.tenant.encode()
        for key in keys:
            value = self.table.get(key)
            if value is not None and digest in value and session_of(key).partition(b"|")[0] == tenant:
                people = decode_page(value).people
                if any((number, digest) == tuple(entry) for person in people for entry in person):
                    yield key

    def pages_of(self, session: bytes) -> list[bytes]:
        keys = (page_key(session, number) for number in range(PAGES))
        return [key for key in keys if key in self._open or key in self.table]

    def opened(self, key: bytes) -> OpenPage:
        """A page to look at; raises KeyError."""
        found = self._open.get(key)
        if found is None:
            tenant = session_of(key).partition(b"|")[0].decode()
            found = OpenPage(tenant, decode_page(self.table[key]), key)
            self._open[key] = found
        return found

    def _page_of(self, part: Part, tenant: str, session_id: str, event_id: str, at_ms: int) -> OpenPage:
        """The page that has the event, or gets it."""
        session = session_key(tenant, session_id)
        for key in self.index.find(event_id):
            if key[:1] == b"v" and session_of(key) == session and event_id in self.opened(key).by_id:
                page = self.opened(key)
                break
        else:
            page = self._with_room(part, tenant, session, at_ms)
            part.events += 1
            self.index.add_all((event_id,), page.key)  # one object for all events of a page
        page.changed = True
        page.page.at_ms = max(page.page.at_ms, at_ms)
        return page

    def _with_room(self, part: Part, tenant: str, session: bytes, at_ms: int) -> OpenPage:
        """The first page of the session with room; when all are full, the oldest is forgotten."""
        for number in range(PAGES):
            key = page_key(session, number)
            if key not in self._open and key not in self.table:
                return self._new_page(part, tenant, key, at_ms)
            page = self.opened(key)
            if len(page.by_id) < PAGE_EVENTS:
                return page
        oldest = min(self.pages_of(session), key=lambda key: self.opened(key).page.at_ms)
        self._forget_page(part, oldest)
        return self._new_page(part, tenant, oldest, at_ms)

    def _new_page(self, part: Part, tenant: str, key: bytes, at_ms: int) -> OpenPage:
        page = self._open[key] = OpenPage(tenant, Page(at_ms, at_ms, [], [], [], []), key)
        part.pages.put(at_ms, key)
        return page

    def _forget_page(self, part: Part, key: bytes) -> None:
        ids = [*self.opened(key).by_id]
        part.events -= len(ids)
        part.pages.keys.discard(key)
        self.index.drop_all(ids, key)
        del self._open[key]
        self.table.pop(key, None)

    # -- the end of a run

    def save(self) -> None:
        """Everything that changed goes to the table."""
        pages, self._open = self._open, {}
        for key, page in pages.items():
            if page.changed:
                self.table[key] = encode_row(page.page)
        for partition, part in self.parts.items():
            for (kind, at_ms, tenant), more in part.tally.taken():
                self._add(part, sums_key(kind, partition, at_ms, tenant), at_ms, kind, more)

    def _add(
        self, part: Part, key: bytes, at_ms: int, kind: str, more: list[tuple[str, str, dict[str, int]]]
    ) -> None:
        if at_ms + self._keep_ms(kind) < part.now_ms:
            return  # of a span that is forgotten
        stored = self.table.get(key)
        sums = summed(decode_sums(stored) if stored is not None else Sums(), more)
        if stored is None:
            if not sums.parts:
                return
            self._shelve_sums(part, key)
        self.table[key] = encode_row(sums)

    def _shelve_sums(self, part: Part, key: bytes) -> None:
        kind, at_ms, _ = sums_of(key)
        part.sums.put(at_ms + self._keep_ms(kind), key)
        self.index.add_sums(kind, at_ms, key)

    def _keep_ms(self, kind: str) -> int:
        return self._keep.minutes_ms if kind == "m" else self._keep.ledger_ms

    # -- what goes

    def advance(self, partition: int, now_ms: int) -> None:
        """Log time has come to `now_ms`: what is too old goes, and what is too much; MOST_STEPS rows at a call."""
        part = self.parts.setdefault(partition, Part())
        part.now_ms = max(part.now_ms, now_ms)
        steps = iter(range(MOST_STEPS))
        self._advance_pages(part, steps)
        for key in part.sums.taken(part.now_ms, steps):
            kind, at_ms, _ = sums_of(key)
            self.index.drop_sums(kind, at_ms, key)
            self.table.pop(key, None)
        for key in part.rejects.taken(part.now_ms - self._keep.ledger_ms, steps, REJECTS):
            self._forget_reject(key)
        for key in part.notes.taken(0, steps, NOTES):
            self.table.pop(key, None)

    def _advance_pages(self, part: Part, steps: Iterator[int]) -> None:
        too_old_ms = part.now_ms - self._keep.ledger_ms
        while part.pages.heap and (part.pages.heap[0][0] < too_old_ms or part.events > self._keep.events):
            if next(steps, None) is None:
                return
            put_ms, key = part.pages.pop()
            if key not in part.pages.keys:
                continue
            at_ms = self._at_ms(key)
            if at_ms > put_ms:
                part.pages.put(at_ms, key)  # something was heard of it since
            else:
                self._forget_page(part, key)

    def _at_ms(self, key: bytes) -> int:
        page = self._open.get(key)
        return page.page.at_ms if page is not None else decode_head(self.table[key]).at_ms

    def _forget_reject(self, key: bytes) -> None:
        value = self.table.pop(key, None)
        if value is not None and (event_id := decode_reject_row(value).event_id):
            self.index.drop_all((event_id,), key)


def digests_of(enriched: Enriched) -> Iterator[tuple[int, str]]:
    """Field number and digest of each hashed value of an event."""
    for number, field in enumerate(HASHED):
        for digest in getattr(enriched.event.user, field):
            yield number, digest
