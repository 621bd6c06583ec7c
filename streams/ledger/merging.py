"""The answers of several workers as one. Order and grouping do not matter. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from streams.events import Noted, encode
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
    TraceOf,
)
from streams.ledger.tally import merge_into

Row = TypeVar("Row", bound=msgspec.Struct)

ANSWER_OF: dict[type, type] = {
    TraceOf: Traces,
    SessionOf: Traces,
    CountsOf: Counts,
    QualityOf: Quality,
    RejectsOf: Rejects,
    RecentOf: Recent,
    AuditOf: Audit,
    HoldsOf: Holds,
    ClusterOf: Cluster,
}


def decode_answer(query: Query, body: bytes) -> Answer:
    """Raises msgspec.DecodeError."""
    return msgspec.json.decode(body, type=ANSWER_OF[type(query)])


def merge(query: Query, answers: Sequence[Answer]) -> Answer:
    """No answers are an empty one. Partitions are one worker's each, so that counts are added."""
    merged: dict[type, Callable[[Any, Any], Answer]] = {
        Traces: _traces,
        Counts: _counts,
        Quality: _quality,
        Rejects: _rejects,
        Recent: _recent,
        Audit: _audit,
        Holds: _holds,
        Cluster: _cluster,
    }
    found = merged[ANSWER_OF[type(query)]](query, answers)
    return lacking(found, [url for answer in answers for url in answer.missing])


def lacking(answer: Answer, missing: Iterable[str]) -> Answer:
    """The answer, marked with who did not take part in it."""
    there = {worker.url for worker in answer.workers} if isinstance(answer, Cluster) else set()
    every = {*answer.missing, *missing} - there
    return msgspec.structs.replace(answer, missing=tuple(sorted(every)))


def _traces(_: Query, answers: Sequence[Traces]) -> Traces:
    events: dict[tuple[str, str, str], EventTrace] = {}
    for trace in (trace for answer in answers for trace in answer.events):
        key = (trace.tenant, trace.session_id, trace.event_id)
        events[key] = max(events.get(key, trace), trace, key=_told)
    ordered = sorted(events.values(), key=lambda t: (t.event_time_ms, t.tenant, t.session_id, t.event_id))
    return Traces(tuple(ordered), newest_rejects(r for answer in answers for r in answer.rejects))


def _told(trace: EventTrace) -> tuple[int, bytes]:
    """Who has heard more of an event that two workers know, in the moment in which its partition moves."""
    return sum(1 + len(job.attempts) for job in trace.jobs), encode(trace)


def newest_rejects(rejects: Iterable[RejectSeen], limit: int | None = None) -> tuple[RejectSeen, ...]:
    unique = {encode(reject): reject for reject in rejects}
    ordered = sorted(unique.items(), key=lambda item: (-item[1].at_ms, item[0]))
    return tuple(reject for _, reject in ordered)[:limit]


def newest_notes(notes: Iterable[Noted], limit: int | None = None) -> tuple[Noted, ...]:
    unique = {note.note_id: note for note in sorted(notes, key=encode)}
    return tuple(sorted(unique.values(), key=place_of))[:limit]


def place_of(note: Noted) -> tuple[int, str]:
    """Where an entry comes in the audit, smallest first."""
    return -note.at_ms, note.note_id


def _summed(rows: Sequence[Row], labels: Sequence[str]) -> tuple[Row, ...]:
    """Rows of the same labels as one: numbers and counts are added."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        values = msgspec.structs.asdict(row)
        known = found.setdefault(tuple(values[label] for label in labels), {})
        for name, value in values.items():
            if isinstance(value, dict):
                merge_into(known.setdefault(name, {}), value)
            elif name in labels:
                known[name] = value
            else:
                known[name] = round(known.get(name, 0) + value, 2)
    return tuple(type(rows[0])(**found[key]) for key in sorted(found))


def _counts(_: Query, answers: Sequence[Counts]) -> Counts:
    points: list[Point] = [point for answer in answers for point in answer.points]
    return Counts(_summed(points, ("at_ms", "tenant", "platform", "pixel_id")))


def _quality(_: Query, answers: Sequence[Quality]) -> Quality:
    rows: list[QualityRow] = [row for answer in answers for row in answer.rows]
    return Quality(_summed(rows, ("tenant", "platform", "pixel_id", "event_name")))


def _rejects(query: RejectsOf, answers: Sequence[Rejects]) -> Rejects:
    reasons: dict[tuple[str, ...], ReasonCount] = {}
    for row in (row for answer in answers for row in answer.reasons):
        key = (row.tenant, row.platform, row.reason, row.field)
        known = reasons.get(key)
        both = (row.count + known.count, max(row.last_ms, known.last_ms)) if known else (row.count, row.last_ms)
        reasons[key] = ReasonCount(row.reason, row.field, row.tenant, row.platform, *both)
    newest = newest_rejects((r for answer in answers for r in answer.newest), query.limit)
    return Rejects(newest, tuple(reasons[key] for key in sorted(reasons)))


def _recent(query: RecentOf, answers: Sequence[Recent]) -> Recent:
    lines = {line.line_id: line for answer in answers for line in answer.lines}
    ordered = sorted(lines.values(), key=lambda line: (line.at_ms, line.line_id))
    shown = tuple(ordered[max(0, len(ordered) - query.limit) :])
    return Recent(shown, len(shown) < len(ordered) or any(answer.missed for answer in answers))


def _audit(query: AuditOf, answers: Sequence[Audit]) -> Audit:
    return Audit(newest_notes((note for answer in answers for note in answer.entries), query.limit))


def _holds(_: Query, answers: Sequence[Holds]) -> Holds:
    return Holds(sum(answer.visits for answer in answers), sum(answer.events for answer in answers))


def _cluster(_: Query, answers: Sequence[Cluster]) -> Cluster:
    workers = {worker.url: worker for answer in answers for worker in answer.workers}
    return Cluster(tuple(workers[url] for url in sorted(workers)))
