"""What the ledger's rules cost an event, and how much memory a remembered event takes, without Kafka.

    python -m bench.ledger_rules --visits 10000

Visits of five events; each event has jobs at two platforms, each of which is delivered at the first attempt. The
records are those of the four topics, interleaved, `save` after every run of 500. CPU seconds, decoding left out.
"""

from __future__ import annotations

import sys
import time

import typer

from streams.events import Batch, Enriched, Event, Outcome, Queued, QueuedJob, UserData
from streams.ledger.book import Book
from streams.ledger.live import Place
from streams.ledger.parts import Keep
from streams.ledger.queries import TraceOf

EVENTS, RUN_RECORDS, T0 = 5, 500, 1_790_000_000_000
PLATFORMS = ("meta", "tiktok")
Records = list[Batch | Queued | Outcome]


def visit(number: int, at_ms: int) -> Records:
    session_id, who = f"visit-{number:032x}", f"{number:064x}"
    user = UserData(em=(who,), external_id=(who,), fbp=f"fb.1.1764000000000.{number}", client_ip="192.0.2.1")
    events = [
        Event(
            event_id=f"{number * EVENTS + n:036x}",
            event_name="Purchase" if n == EVENTS - 1 else "ViewContent",
            event_time_ms=at_ms - 60_000 * (EVENTS - n),
            tenant="default",
            session_id=session_id,
            user=user,
            browser_fired=("meta",),
        )
        for n in range(EVENTS)
    ]
    enriched = tuple(
        Enriched(event=event, backfilled={"em": events[-1].event_id}, at_ms=event.event_time_ms)
        for event in events
    )
    batch = Batch(f"{number:032x}", "default", session_id, "purchase", 0, number, at_ms - 300_000, at_ms, enriched)
    jobs = tuple(QueuedJob(p, "1234567890", e.event_id, e.event_name, 7.3) for e in events for p in PLATFORMS)
    queued = Queued(batch_id=batch.batch_id, tenant="default", session_id=session_id, at_ms=at_ms + 50, jobs=jobs)
    return [batch, queued, *(outcome(batch, job, at_ms + 400) for job in jobs)]


def outcome(batch: Batch, job: QueuedJob, at_ms: int) -> Outcome:
    return Outcome(
        job_id=f"{job.platform}:{job.event_id}",
        tenant=batch.tenant,
        session_id=batch.session_id,
        platform=job.platform,
        pixel_id=job.pixel_id,
        event_id=job.event_id,
        event_name=job.event_name,
        attempt=1,
        outcome="delivered",
        at_ms=at_ms,
        trace_id=f"AbCdEf{job.event_id[-16:]}",
        http_status=200,
        latency_ms=80,
        age_ms=120_000,
    )


def main(visits: int = 10_000) -> None:
    records = [record for number in range(visits) for record in visit(number, T0 + number * 100)]
    table: dict[bytes, bytes] = {}
    book = Book(table, Keep(events=10**9))
    book.start_over({0: ()})
    begun_s = time.process_time()
    for number, record in enumerate(records):
        book.apply(record, Place("t", 0, number, T0 + number * 8))
        if number % RUN_RECORDS == 0:
            book.advance(0, T0 + number * 8)
            book.save()
    book.save()
    took_s, events = time.process_time() - begun_s, visits * EVENTS
    stored = sum(sys.getsizeof(key) + sys.getsizeof(value) for key, value in table.items()) + sys.getsizeof(table)
    typer.echo(f"{took_s / events * 1e6:.1f} us of CPU an event (batch, queued, {len(PLATFORMS)} outcomes)")
    values = sum(len(value) for key, value in table.items() if key.startswith(b"v"))
    typer.echo(f"{values / events:.0f} B an event in rows, {stored / events:.0f} B with keys and table")
    begun_s = time.process_time()
    for number in range(1_000):
        book.answer(TraceOf(event_id=f"{number:036x}"))
    typer.echo(f"{(time.process_time() - begun_s) * 1000:.0f} us a trace")
    begun_s = time.process_time()
    book.start_over({0: [*table]})
    typer.echo(f"{(time.process_time() - begun_s) / events * 1e6:.2f} us an event to begin with a full table")


if __name__ == "__main__":
    typer.run(main)
