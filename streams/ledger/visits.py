"""The pages of visits: found by event, opened, made, and forgotten. Pure.

Within a run of records pages are open, and newer than their rows in the table; `save` writes those that changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from streams.events import Batch, session_key
from streams.ledger.counting import count_forgotten
from streams.ledger.index import Index
from streams.ledger.pages import OpenPage
from streams.ledger.parts import Part, Table
from streams.ledger.rows import (
    PAGE_EVENTS,
    PAGES,
    Page,
    decode_head,
    decode_page,
    encode_row,
    page_key,
    session_of,
)


class Visits:
    def __init__(self, table: Table, index: Index) -> None:
        self._table, self._index = table, index
        self._open: dict[bytes, OpenPage] = {}

    def restore(self, part: Part, key: bytes) -> None:
        page = decode_page(self._table[key])
        part.events += len(page.events)
        part.pages.put(page.at_ms, key)
        self._index.add_all((event.event_id for event in page.events), key)

    # -- finding

    def pages_of(self, session: bytes) -> list[bytes]:
        keys = (page_key(session, number) for number in range(PAGES))
        return [key for key in keys if self._is_there(key)]

    def _is_there(self, key: bytes) -> bool:
        return key in self._open or key in self._table

    def has_batch(self, batch: Batch) -> bool:
        """By the pages of its first event: that is where the batch would be."""
        first = batch.events[0].event.event_id if batch.events else ""
        pages = (self._opened(key) for key in self._with_event(batch.key, first))
        return any(page.has_batch(batch.batch_id) for page in pages)

    def page_of(self, part: Part, tenant: str, session_id: str, event_id: str, at_ms: int) -> OpenPage:
        """The page that has the event, or gets it."""
        session = session_key(tenant, session_id)
        pages = (self._opened(key) for key in self._with_event(session, event_id))
        page = next((page for page in pages if event_id in page.by_id), None)
        if page is None:
            page = self._with_room(part, tenant, session, at_ms)
            part.events += 1
            self._index.add_all((event_id,), page.key)  # one object for all events of a page
        page.changed = True
        page.page.at_ms = max(page.page.at_ms, at_ms)
        return page

    def _with_event(self, session: bytes, event_id: str) -> Iterator[bytes]:
        """Pages of the session that may have the event."""
        return (k for k in self._index.find(event_id) if k[:1] == b"v" and session_of(k) == session)

    def _opened(self, key: bytes) -> OpenPage:
        """A page to look at; raises KeyError."""
        found = self._open.get(key)
        if found is None:
            tenant = session_of(key).partition(b"|")[0].decode()
            found = self._open[key] = OpenPage(tenant, decode_page(self._table[key]), key)
        return found

    # -- making

    def _with_room(self, part: Part, tenant: str, session: bytes, at_ms: int) -> OpenPage:
        """The first page of the session with room; when all are full, the oldest is forgotten."""
        for number in range(PAGES):
            key = page_key(session, number)
            if not self._is_there(key):
                return self._new(part, tenant, key, at_ms)
            page = self._opened(key)
            if len(page.by_id) < PAGE_EVENTS:
                return page
        oldest = min(self.pages_of(session), key=lambda key: self._opened(key).page.at_ms)
        self.forget(part, oldest)
        return self._new(part, tenant, oldest, at_ms)

    def _new(self, part: Part, tenant: str, key: bytes, at_ms: int) -> OpenPage:
        page = self._open[key] = OpenPage(tenant, Page(at_ms, at_ms, [], [], [], []), key)
        part.pages.put(at_ms, key)
        return page

    def save(self) -> None:
        pages, self._open = self._open, {}
        for key, page in pages.items():
            if page.changed:
                self._table[key] = encode_row(page.page)

    # -- forgetting

    def erase(self, part: Part, key: bytes) -> None:
        """What waits of it will not be sent."""
        count_forgotten(self._opened(key), part.tally)
        self.forget(part, key)

    def forget(self, part: Part, key: bytes) -> None:
        ids = [*self._opened(key).by_id]
        part.events -= len(ids)
        part.pages.keys.discard(key)
        self._index.drop_all(ids, key)
        del self._open[key]
        self._table.pop(key, None)

    def advance(self, part: Part, too_old_ms: int, most: int, steps: Iterator[int]) -> None:
        """Pages not heard of since `too_old_ms` go, and the oldest while there are more events than `most`."""
        shelf = part.pages
        while shelf.heap and (shelf.heap[0][0] < too_old_ms or part.events > most):
            if next(steps, None) is None:
                return
            put_ms, key = shelf.pop()
            if key not in shelf.keys:
                continue
            at_ms = self._at_ms(key)
            if at_ms > put_ms:
                shelf.put(at_ms, key)  # something was heard of it since
            else:
                self.forget(part, key)

    def _at_ms(self, key: bytes) -> int:
        page = self._open.get(key)
        return page.page.at_ms if page is not None else decode_head(self._table[key]).at_ms
