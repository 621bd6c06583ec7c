"""The ledger's book: any order and any repeat of the same records is the same; scope, erasure, what goes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.deliver.policy import DROPPED
from streams.events import (
    Batch,
    Enriched,
    Erase,
    Event,
    Noted,
    Outcome,
    OutcomeClass,
    Queued,
    QueuedJob,
    Reject,
    UserData,
    encode,
)
from streams.ledger import book as books
from streams.ledger import states
from streams.ledger.answers import Audit, Counts, Holds, Point, Quality, Rejects, Traces
from streams.ledger.book import Book
from streams.ledger.lanes import on_their_way
from streams.ledger.live import Place
from streams.ledger.merging import decode_answer, merge
from streams.ledger.newest import REJECTS
from streams.ledger.parts import Keep
from streams.ledger.queries import (
    AuditOf,
    CountsOf,
    HoldsOf,
    QualityOf,
    Query,
    RejectsOf,
    SessionOf,
    Tenants,
    TraceOf,
)
from streams.ledger.rows import Sums, decode_sums, encode_row, sums_key

T0 = 1_790_000_000_000
DIGEST = "ab" * 32
Value = Batch | Outcome | Queued | Reject | Noted | Erase


def batch(session_id: str = "s", *, tenant: str = "a", batch_id: str = "b1", n: int = 2, at_ms: int = T0) -> Batch:
    events = tuple(
        Enriched(
            event=Event(
                event_id=f"{session_id}-{number}",
                event_name="Purchase" if number == 1 else "ViewContent",
                event_time_ms=at_ms - 1_000,
                tenant=tenant,
                session_id=session_id,
                user=UserData(em=(DIGEST,), fbp="fb.1.1.1", client_ip="192.0.2.1"),
                browser_fired=("meta",) if number == 1 else (),
            ),
            backfilled={"em": f"{session_id}-1"} if number == 0 else {},
            at_ms=at_ms - 500,
        )
        for number in range(n)
    )
    return Batch(batch_id, tenant, session_id, "purchase", 0, 7, at_ms - 2_000, at_ms, events)


def queued(of: Batch, at_ms: int = T0 + 100) -> Queued:
    jobs = tuple(
        QueuedJob(platform, "1", enriched.event.event_id, enriched.event.event_name, 6.3)
        for enriched in of.events
        for platform in ("meta", "tiktok")
    )
    return Queued(batch_id=of.batch_id, tenant=of.tenant, session_id=of.session_id, at_ms=at_ms, jobs=jobs)


def outcome(
    of: Batch,
    number: int,
    at_ms: int,
    result: OutcomeClass = "delivered",
    *,
    parked: bool = False,
    age_ms: int = 4_000,
) -> Outcome:
    event = of.events[number].event
    return Outcome(
        job_id="j",
        tenant=of.tenant,
        session_id=of.session_id,
        platform="meta",
        pixel_id="1",
        event_id=event.event_id,
        event_name=event.event_name,
        attempt=1,
        outcome=result,
        at_ms=at_ms,
        parked=parked,
        retry_in_s=0 if result == "delivered" or parked else 60,
        http_status=200,
        latency_ms=30,
        age_ms=age_ms,
        leads=True,
        closed_s=0 if result == "delivered" else 60,
    )


FIRST, EARLIER = batch(), batch(batch_id="b0", at_ms=T0 - 50_000)
STORY: tuple[Value, ...] = (
    FIRST,
    EARLIER,  # the same events again
    queued(FIRST),
    queued(FIRST, T0 + 70_000),
    outcome(FIRST, 0, T0 + 300, "transient"),
    outcome(FIRST, 0, T0 + 60_300),
    outcome(FIRST, 1, T0 + 400, "misconfigured"),
    outcome(FIRST, 1, T0 + 500, "transient", parked=True),
    outcome(FIRST, 1, T0 + 4_000_000, age_ms=4_000_000),
    Reject(topic="t", partition=0, offset=4, reason="too old", tenant="a", event_id="s-0", platform="meta"),
    Noted(note_id="n", at_ms=T0, who="ada", what="replay", tenant="a"),
)


def book_of(records: Sequence[Value], keep: Keep | None = None, *, saves: bool = True) -> Book:
    book = Book({}, keep or Keep())
    book.start_over({0: ()})
    for record in records:
        book.apply(record, Place("topic", 0, 0, T0))
        if saves:
            book.save()
    book.save()
    return book


def test_posts_are_counted_by_duration_and_the_last_closing_of_a_minute_stays() -> None:
    late = msgspec.structs.replace(outcome(FIRST, 0, T0 + 2_000, "transient"), latency_ms=40_000)
    untold = msgspec.structs.replace(outcome(FIRST, 1, T0 + 3_000, "transient"), leads=False, closed_s=0)
    for records in ([late, outcome(FIRST, 1, T0 + 1_000, "transient"), untold],) * 2:
        records.reverse()
        book = book_of(records)
        (point,) = points(book, 60_000)
        assert {name: point.counts.get(name, 0) for name in ("post_50", "post_more", "posts", "transient")} == {
            "post_50": 1,
            "post_more": 1,
            "posts": 3,
            "transient": 3,
        }
        assert point.counts["probe_ms"] == T0 + 62_000
        (hour,) = points(book, 3_600_000)
        assert hour.counts["probe_ms"] == T0 + 62_000
        both = merge(CountsOf(since_ms=0), [Counts((point,)), Counts((point,))])
        assert isinstance(both, Counts) and both.points[0].counts["probe_ms"] == T0 + 62_000


def test_what_waits_of_an_erased_person_waits_no_more() -> None:
    delivered = outcome(FIRST, 0, T0 + 300)
    book = book_of([FIRST, queued(FIRST), delivered, Erase(tenant="a", field="em", digest=DIGEST)])
    dropped = msgspec.structs.replace(outcome(FIRST, 1, T0 + 900, "invalid"), code=DROPPED)
    book.apply(dropped, Place("topic", 0, 9, T0 + 900))
    book.save()
    lanes = [point for point in points(book, 60_000) if point.platform]
    assert on_their_way(lanes) == {("a", "meta", "1"): 0, ("a", "tiktok", "1"): 0}
    assert sum(point.counts.get("acknowledged", 0) for point in lanes) == 1


def test_quality_is_by_pixel_and_what_an_older_release_added_up_stays_beside_it() -> None:
    one = FIRST.events[0].event
    jobs = [
        QueuedJob("meta", pixel, one.event_id, one.event_name, score) for pixel, score in (("1", 4.0), ("2", 8.0))
    ]
    told = Queued(batch_id=FIRST.batch_id, tenant="a", session_id="s", at_ms=T0 + 100, jobs=tuple(jobs))
    taken = msgspec.structs.replace(outcome(FIRST, 0, T0 + 300), pixel_id="2")
    book = book_of([FIRST, told, taken])
    hour_ms = T0 - T0 % 3_600_000
    older = Sums([("meta", one.event_name, {"events": 5, "scored": 5, "score": 2_500})])
    key = sums_key("q", 0, hour_ms, "a")
    restored = Book(
        {**book.table, key: encode_row(Sums(older.parts + decode_sums(book.table[key]).parts))}, Keep()
    )
    restored.start_over({0: [*restored.table]})
    found = restored.answer(QualityOf(since_ms=0))
    assert isinstance(found, Quality)
    assert [(row.pixel_id, row.events, row.score_sum, row.delivered) for row in found.rows] == [
        ("", 5, 25.0, 0),
        ("1", 1, 4.0, 0),
        ("2", 1, 8.0, 1),
    ]
    both = merge(QualityOf(since_ms=0), [found, found])
    assert isinstance(both, Quality) and [row.events for row in both.rows] == [10, 2, 2]


def points(book: Book, step_ms: int) -> tuple[Point, ...]:
    found = book.answer(CountsOf(since_ms=0, step_ms=step_ms))
    assert isinstance(found, Counts)
    return found.points


def questions(tenants: Tenants = None, tenant: str = "a") -> list[Query]:
    return [
        TraceOf(event_id="s-0", tenants=tenants),
        TraceOf(event_id="s-1", tenants=tenants),
        SessionOf(tenant=tenant, session_id="s", tenants=tenants),
        CountsOf(since_ms=0, tenants=tenants),
        CountsOf(since_ms=0, step_ms=3_600_000, tenants=tenants),
        QualityOf(since_ms=0, tenants=tenants),
        RejectsOf(since_ms=0, tenants=tenants),
        AuditOf(tenants=tenants),
        HoldsOf(tenant=tenant, field="em", digest=DIGEST, tenants=tenants),
    ]


def told(book: Book) -> list[bytes]:
    return [encode(book.answer(query)) for query in questions()]


EXPECTED = told(book_of(STORY))


@settings(deadline=None)  # a busy machine is no fault
@given(st.permutations(STORY), st.lists(st.sampled_from(STORY), max_size=8), st.booleans())
def test_order_and_repeats_change_nothing(records: list[Value], again: list[Value], saves: bool) -> None:
    assert told(book_of([*records, *again], saves=saves)) == EXPECTED


def test_a_worker_that_starts_knows_the_same() -> None:
    book = book_of(STORY)
    book.start_over({0: [*book.table]})
    assert told(book) == EXPECTED
    assert book.events == 2


def trace(book: Book, event_id: str) -> Traces:
    found = book.answer(TraceOf(event_id=event_id))
    assert isinstance(found, Traces)
    return found


def test_the_way_of_an_event() -> None:
    found = trace(book_of(STORY), "s-0")
    [event], [reject] = found.events, found.rejects
    assert (event.batch_id, event.reason, event.flushed_ms) == ("b0", "purchase", T0 - 50_000)
    assert event.fields == ("em", "fbp", "client_ip")
    assert event.backfilled == {"em": "s-1"}
    assert event.digests == {"em": DIGEST[:8]}
    meta, tiktok = event.jobs
    assert [each.outcome for each in meta.attempts] == ["transient", "delivered"]
    assert (meta.state, meta.queued_ms, meta.score, meta.age_ms) == ("delivered", T0 + 100, 6.3, 4_000)
    assert tiktok.state == "queued"
    assert reject.reason == "too old"


def totals(book: Book) -> dict[str, int]:
    found = book.answer(CountsOf(since_ms=0))
    assert isinstance(found, Counts)
    totals: dict[str, int] = {}
    for point in found.points:
        for name, number in point.counts.items():
            totals[name] = totals.get(name, 0) + number
    return totals


def test_counters_and_reconciliation() -> None:
    counts = totals(book_of(STORY))
    assert counts["batches"] == 2
    assert counts["queued"] == 4
    assert counts["acknowledged"] == 2
    assert counts["delivered"] == 2
    assert counts["attempts"] == 5
    assert counts["parked"] == 1
    assert counts["age_5"] == counts["age_7200"] == counts["purchase_age_7200"] == 1
    assert "ended" not in counts


@pytest.mark.parametrize(
    ("age_ms", "twin"),
    [(300_000, "merged"), (300_001, "discarded"), (172_800_000, "discarded"), (172_800_001, "twice")],
)
def test_the_browser_copy_at_the_lines_of_the_platforms(age_ms: int, twin: str) -> None:
    found = book_of([FIRST, queued(FIRST), outcome(FIRST, 1, T0, age_ms=age_ms)]).answer(QualityOf(since_ms=0))
    assert isinstance(found, Quality)
    [row] = [row for row in found.rows if row.platform == "meta" and row.event_name == "Purchase"]
    assert getattr(row, twin) == row.delivered == row.events == 1
    assert row.own == {"em": 1, "fbp": 1, "client_ip": 1}
    assert row.score_sum == 6.3


@pytest.mark.parametrize("query", questions(("b",)), ids=lambda query: type(query).__name__)
def test_others_see_nothing(query: Query) -> None:
    book = book_of(STORY)
    assert book.answer(query) == merge(query, [])
    assert book.answer(msgspec.structs.replace(query, tenants=("a", "b"))) != merge(query, [])


ERASE = Erase(tenant="a", field="em", digest=DIGEST)


@settings(deadline=None)
@given(st.permutations([FIRST, EARLIER, ERASE]))
def test_an_erased_person_is_forgotten_also_by_what_comes_late(records: list[Value]) -> None:
    book = book_of(records)
    assert trace(book, "s-0") == Traces()
    assert book.answer(HoldsOf(tenant="a", field="em", digest=DIGEST)) == Holds()
    assert not any(bytes.fromhex(DIGEST)[:6] in v for k, v in book.table.items() if not k.startswith(b"x"))
    assert book.events == 0


def test_who_comes_back_after_an_erasure_is_remembered() -> None:
    book = book_of([FIRST, ERASE, batch(batch_id="later", at_ms=T0 + 1)])
    assert book.answer(HoldsOf(tenant="a", field="em", digest=DIGEST)) == Holds(visits=1, events=2)


def test_what_is_too_old_goes() -> None:
    book = book_of(STORY)
    book.advance(0, T0 + 9 * 86_400_000)
    assert {key[:1] for key in book.table} == {b"a"}
    assert book.events == 0
    assert trace(book, "s-0") == Traces()


def test_of_too_many_the_oldest_go() -> None:
    book = book_of([], Keep(events=4))
    for number in range(4):
        book.apply(batch(f"s{number}", batch_id=f"b{number}"), Place("topic", 0, 0, T0 + number))
        book.save()
    book.advance(0, T0 + 10)
    assert book.events == 4
    assert [bool(trace(book, f"s{number}-0").events) for number in range(4)] == [False, False, True, True]


def test_a_long_visit_has_several_pages_and_an_end() -> None:
    book = book_of([batch(n=600)])
    found = book.answer(SessionOf(tenant="a", session_id="s"))
    assert isinstance(found, Traces)
    assert len(found.events) == book.events <= 512


def test_merging_is_adding_in_any_grouping() -> None:
    books = [
        book_of([batch(f"s{n}", batch_id=f"b{n}"), queued(batch(f"s{n}", batch_id=f"b{n}"))]) for n in range(3)
    ]
    for query in questions():
        one, two, three = (book.answer(query) for book in books)
        left = merge(query, [merge(query, [one, two]), three])
        assert encode(left) == encode(merge(query, [three, merge(query, [two, one])]))
        assert decode_answer(query, encode(left)) == left


def test_the_newest_rejects_and_notes_come_first() -> None:
    rejects = [Reject(topic="t", partition=0, offset=n, reason="r", tenant="a") for n in range(5)]
    book = book_of([])
    for reject in rejects:
        book.apply(reject, Place("t", 0, 0, T0 + reject.offset))
        book.apply(Noted(note_id=str(reject.offset), at_ms=reject.offset, who="w", what="x"), Place("t", 0, 0, T0))
    book.save()
    found, audit = book.answer(RejectsOf(since_ms=0, limit=2)), book.answer(AuditOf(limit=2))
    assert isinstance(found, Rejects) and isinstance(audit, Audit)
    assert [reject.offset for reject in found.newest] == [4, 3]
    assert (found.reasons[0].count, found.reasons[0].last_ms) == (5, T0 + 4)
    assert [note.note_id for note in audit.entries] == ["4", "3"]


def test_a_flood_of_rejects_is_bounded_without_ticks() -> None:
    book = book_of([])
    for offset in range(REJECTS + 50):
        book.apply(
            Reject(topic="t", partition=0, offset=offset, reason="robot", tenant="a", event_id=str(offset)),
            Place("t", 0, 0, T0 + offset),
        )
    book.save()
    assert sum(key.startswith(b"r") for key in book.table) == REJECTS
    assert totals(book)["rejected"] == REJECTS + 50
    assert (trace(book, "0").rejects, len(trace(book, "60").rejects)) == ((), 1)


def test_a_dropped_job_has_the_code_that_sinks_write() -> None:
    assert states.DROPPED == DROPPED


def test_who_asks_between_the_slices_of_an_erasure_sees_visits_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "LOOKED_AT", 1)
    book = book_of([batch(f"s{number}", batch_id=f"b{number}") for number in range(3)])
    before = trace(book, "s1-0")
    assert [trace(book, "s1-0") for _ in book.erasing(ERASE, Place("topic", 0, 0, T0 + 1))] == [before] * 3
    assert trace(book, "s1-0") == Traces() != before
    assert book.events == 0


def test_a_book_that_starts_over_in_slices_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "RESTORED", 1)
    book = book_of(STORY)
    assert len([*book.starting_over({0: [*book.table]})]) == len(book.table)
    assert told(book) == EXPECTED
