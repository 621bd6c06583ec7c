"""What the book says to a question, in slices: whoever asks lets others run between two of them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from streams.events import Erase, Noted
from streams.ledger.answers import (
    Answer,
    Audit,
    Cluster,
    Counts,
    EventTrace,
    Holds,
    Point,
    Quality,
    QualityRow,
    ReasonCount,
    Recent,
    Rejects,
    RejectSeen,
    Traces,
)
from streams.ledger.merging import newest_notes, newest_rejects, place_of
from streams.ledger.pages import OpenPage
from streams.ledger.queries import (
    AuditOf,
    ClusterOf,
    CountsOf,
    HoldsOf,
    QualityOf,
    Query,
    RecentOf,
    RejectsOf,
    SessionOf,
    Tenants,
    TraceOf,
)
from streams.ledger.rows import decode_page, decode_reject_row, decode_sums, pixel_of, session_of, sums_of
from streams.ledger.tally import HOUR_MS, LATEST, MINUTE_MS, STEP_MS, merge_into
from streams.ledger.traces import trace_of

if TYPE_CHECKING:
    from streams.ledger.book import Book

SLICE = 500  # rows; some 10 us each
Slices = Generator[None, None, Answer]
Sums = dict[tuple[Any, ...], dict[str, int]]
decode_note = msgspec.msgpack.Decoder(Noted).decode


def answer(query: Query, book: Book) -> Answer:
    """At once."""
    slices = answering(query, book)
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def answering(query: Query, book: Book) -> Slices:
    """Yields between slices, returns the answer. What changes meanwhile is in it, or not."""
    answers: dict[type, Callable[[Any, Book], Slices]] = {
        TraceOf: _trace,
        SessionOf: _session,
        CountsOf: _counts,
        QualityOf: _quality,
        RejectsOf: _rejects,
        AuditOf: _audit,
        HoldsOf: _holds,
        RecentOf: _of_the_role,
        ClusterOf: _of_the_role,
    }
    return answers[type(query)](query, book)


def seen_by(tenants: Tenants, tenant: str) -> bool:
    return tenants is None or tenant in tenants


def _of_the_role(query: Query, _: Book) -> Slices:
    """The book knows neither lines nor workers: the role answers these."""
    yield
    return Recent() if isinstance(query, RecentOf) else Cluster()


def _trace(query: TraceOf, book: Book) -> Slices:
    events, rejects = list[EventTrace](), list[RejectSeen]()
    for key in book.index.find(query.event_id):
        value = book.table.get(key)
        if value is None:
            continue
        if key[:1] == b"v":
            events += [t for t in _traces(key, value) if t.event_id == query.event_id]
        else:
            rejects.append(decode_reject_row(value))
    yield
    return Traces(
        events=tuple(trace for trace in events if seen_by(query.tenants, trace.tenant)),
        rejects=newest_rejects(
            r for r in rejects if r.event_id == query.event_id and seen_by(query.tenants, r.tenant)
        ),
    )


def _traces(key: bytes, value: bytes) -> list[EventTrace]:
    tenant, _, session_id = session_of(key).decode().partition("|")
    page = OpenPage(tenant, decode_page(value))
    return [trace_of(page, session_id, row) for row in page.page.events]


def _session(query: SessionOf, book: Book) -> Slices:
    if not seen_by(query.tenants, query.tenant):
        return Traces()
    events = list[EventTrace]()
    for key in book.pages_of(f"{query.tenant}|{query.session_id}".encode()):
        if (value := book.table.get(key)) is not None:
            events += _traces(key, value)
        yield
    return Traces(events=tuple(sorted(events, key=lambda t: (t.event_time_ms, t.event_id))))


def _sums(
    book: Book, kind: str, query: CountsOf | QualityOf | RejectsOf, step_ms: int
) -> Generator[None, None, Sums]:
    """The stored sums of a span of time, added up by step (0: the whole), tenant and both labels."""
    found: Sums = {}
    first_ms = query.since_ms - query.since_ms % STEP_MS[kind]
    times = sorted(book.index.sums.get(kind, {}))
    wanted = [at for at in times if at >= first_ms and (not query.until_ms or at < query.until_ms)]
    keys = [key for at_ms in wanted for key in sorted(book.index.sums[kind][at_ms])]
    for number, key in enumerate(keys):
        if number % SLICE == SLICE - 1:
            yield
        _, at_ms, tenant = sums_of(key)
        value = book.table.get(key)
        if value is None or not seen_by(query.tenants, tenant):
            continue
        at_ms = at_ms - at_ms % step_ms if step_ms else 0
        for one, other, counts in decode_sums(value).parts:
            merge_into(found.setdefault((at_ms, tenant, one, other), {}), counts)
    return found


def _counts(query: CountsOf, book: Book) -> Slices:
    step_ms = max(MINUTE_MS, query.step_ms)
    kind = "m" if step_ms % HOUR_MS else "h"
    found = yield from _sums(book, kind, query, step_ms)
    return Counts(
        tuple(
            Point(at_ms=at_ms, tenant=tenant, platform=platform, pixel_id=pixel_id, counts=counts)
            for (at_ms, tenant, platform, pixel_id), counts in sorted(found.items())
        )
    )


def _quality(query: QualityOf, book: Book) -> Slices:
    found = yield from _sums(book, "q", query, 0)
    return Quality(
        tuple(
            _quality_row(tenant, *pixel_of(pixel), name, counts)
            for (_, tenant, pixel, name), counts in sorted(found.items())
        )
    )


def _quality_row(tenant: str, platform: str, pixel_id: str, name: str, counts: dict[str, int]) -> QualityRow:
    def fields(kind: str) -> dict[str, int]:
        return {key.partition(":")[2]: n for key, n in counts.items() if key.startswith(f"{kind}:")}

    numbers = ("events", "scored", "delivered", "merged", "discarded", "twice", "alone")
    return QualityRow(
        tenant=tenant,
        platform=platform,
        pixel_id=pixel_id,
        event_name=name,
        own=fields("own"),
        backfilled=fields("backfilled"),
        score_sum=counts.get("score", 0) / 100,
        ages={key: n for key, n in counts.items() if key.startswith("age_")},
        **{key: counts.get(key, 0) for key in numbers},
    )


def _rejects(query: RejectsOf, book: Book) -> Slices:
    found = yield from _sums(book, "k", query, 0)
    reasons = tuple(
        _reason(tenant, platform, why, counts) for (_, tenant, platform, why), counts in sorted(found.items())
    )
    seen = list[RejectSeen]()
    for number, key in enumerate([key for part in book.parts.values() for key in part.rejects.keys]):
        if number % SLICE == SLICE - 1:
            yield
        if (value := book.table.get(key)) is not None:
            seen.append(decode_reject_row(value))
    wanted = (r for r in seen if _within(r.at_ms, query) and seen_by(query.tenants, r.tenant))
    return Rejects(newest_rejects(wanted, query.limit), reasons)


def _reason(tenant: str, platform: str, why: str, counts: dict[str, int]) -> ReasonCount:
    reason, _, field = why.partition("\0")
    return ReasonCount(reason, field, tenant, platform, counts.get("count", 0), counts.get(LATEST, 0))


def _within(at_ms: int, query: RejectsOf | AuditOf) -> bool:
    return at_ms >= query.since_ms and (not query.until_ms or at_ms < query.until_ms)


def _audit(query: AuditOf, book: Book) -> Slices:
    notes = list[Noted]()
    for number, key in enumerate([key for part in book.parts.values() for key in part.notes.keys]):
        if number % SLICE == SLICE - 1:
            yield
        if (value := book.table.get(key)) is not None:
            notes.append(decode_note(value))
    return Audit(newest_notes(_wanted(notes, query), query.limit))


def _wanted(notes: Iterable[Noted], query: AuditOf) -> Iterable[Noted]:
    return (
        note
        for note in notes
        if _within(note.at_ms, query)
        and (query.behind is None or place_of(note) > (-query.behind[0], query.behind[1]))
        and query.who in ("", note.who)
        and query.what in ("", note.what)
        and seen_by(query.tenants, note.tenant)
    )


def _holds(query: HoldsOf, book: Book) -> Slices:
    if not seen_by(query.tenants, query.tenant):
        return Holds()
    erase = Erase(tenant=query.tenant, field=query.field, digest=query.digest)
    keys = [key for part in book.parts.values() for key in part.pages.keys]
    sessions = set[bytes]()
    for start in range(0, len(keys), 10 * SLICE):  # most are looked at in less than 1 us
        sessions |= {session_of(key) for key in book.holding(erase, keys[start : start + 10 * SLICE])}
        yield
    pages = [book.table[key] for session in sessions for key in book.pages_of(session)]
    return Holds(visits=len(sessions), events=sum(len(decode_page(page).events) for page in pages))
