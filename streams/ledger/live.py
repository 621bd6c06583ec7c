"""What came by a moment ago, for the live view. Kept in memory only, and bounded. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from streams.events import Batch, Outcome, Queued, Reject
from streams.ledger.answers import Line, Recent
from streams.ledger.queries import RecentOf


class Place(NamedTuple):
    """Where a record stands in the log, and when Kafka got it (Unix ms)."""

    topic: str
    partition: int
    offset: int
    at_ms: int


class Ring:
    """The last `size` lines of a worker's partitions, in the order in which it read them."""

    def __init__(self, size: int) -> None:
        self._lines: deque[Line] = deque(maxlen=size)
        self._dropped_ms = 0  # time of the newest line that had to go

    def add(self, value: object, place: Place) -> None:
        for line in lines_of(value, place):
            if len(self._lines) == self._lines.maxlen:
                self._dropped_ms = max(self._dropped_ms, self._lines[0].at_ms)
            self._lines.append(line)

    def forget(self, partitions: frozenset[int]) -> None:
        """Lines of partitions that are somebody else's now, or were erased from."""
        kept = [line for line in self._lines if partition_of(line) not in partitions]
        self._lines.clear()
        self._lines.extend(kept)

    def recent(self, query: RecentOf) -> Recent:
        found = sorted(
            (line for line in self._lines if matches(line, query)), key=lambda line: (line.at_ms, line.line_id)
        )
        shown = tuple(found[max(0, len(found) - query.limit) :])
        return Recent(shown, missed=len(shown) < len(found) or self._dropped_ms > query.after_ms > 0)


def partition_of(line: Line) -> int:
    return int(line.line_id.split(":")[1])


def matches(line: Line, query: RecentOf) -> bool:
    """Lines without a tenant are seen by those who see all."""
    return (
        line.at_ms > query.after_ms
        and (query.tenants is None or line.tenant in query.tenants)
        and (not query.kinds or line.kind in query.kinds)
        and all(not wanted or wanted == getattr(line, name) for name, wanted in _exactly(query))
        and (not query.text or any(query.text in text for text in _texts(line)))
    )


def _exactly(query: RecentOf) -> tuple[tuple[str, str], ...]:
    return (("tenant", query.tenant), ("platform", query.platform), ("event_name", query.event_name))


def _texts(line: Line) -> tuple[str, ...]:
    return (line.event_id, line.session_id, line.event_name, line.what)


def lines_of(value: object, place: Place) -> Iterator[Line]:
    """The lines of one record; none for a tick, an erasure or an entry of the audit."""
    ident = f"{place.topic}:{place.partition}:{place.offset}"
    match value:
        case Batch():
            yield from _flushed(value, ident, place.at_ms)
        case Queued():
            yield from _queued(value, ident, place.at_ms)
        case Outcome():
            yield _attempted(value, ident, place.at_ms)
        case Reject():
            yield _rejected(value, ident, place.at_ms)


def _flushed(batch: Batch, ident: str, at_ms: int) -> Iterator[Line]:
    for number, enriched in enumerate(batch.events):
        yield Line(
            line_id=f"{ident}:{number}",
            at_ms=at_ms,
            kind="flushed",
            tenant=batch.tenant,
            session_id=batch.session_id,
            event_id=enriched.event.event_id,
            event_name=enriched.event.event_name,
            what=batch.reason,
        )


def _queued(queued: Queued, ident: str, at_ms: int) -> Iterator[Line]:
    for number, job in enumerate(queued.jobs):
        yield Line(
            line_id=f"{ident}:{number}",
            at_ms=at_ms,
            kind="queued",
            tenant=queued.tenant,
            session_id=queued.session_id,
            event_id=job.event_id,
            event_name=job.event_name,
            platform=job.platform,
            pixel_id=job.pixel_id,
        )


def _attempted(outcome: Outcome, ident: str, at_ms: int) -> Line:
    delivered = outcome.outcome in ("delivered", "duplicate")
    return Line(
        line_id=ident,
        at_ms=at_ms,
        kind="delivered" if delivered else "parked" if outcome.parked else "retry",
        tenant=outcome.tenant,
        session_id=outcome.session_id,
        event_id=outcome.event_id,
        event_name=outcome.event_name,
        platform=outcome.platform,
        pixel_id=outcome.pixel_id,
        what=" ".join(filter(None, (outcome.outcome, outcome.code))),
    )


def _rejected(reject: Reject, ident: str, at_ms: int) -> Line:
    return Line(
        line_id=ident,
        at_ms=at_ms,
        kind="rejected",
        tenant=reject.tenant,
        session_id=reject.session_id,
        event_id=reject.event_id,
        platform=reject.platform,
        pixel_id=reject.pixel_id,
        what=reject.reason,
    )
