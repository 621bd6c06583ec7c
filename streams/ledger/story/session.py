"""The first half of the story: from the shop to the end of the session."""

from __future__ import annotations

from collections.abc import Iterator

from streams.ledger.answers import EventTrace
from streams.ledger.story.shapes import Step
from streams.ledger.story.words import FLUSHES, VISITORS, listed, named, span

AHEAD_MS = 1_000  # of a producer's clock, that is worth a word
SLOW_MS = 60_000  # from the shop to the session's log


def session_steps(trace: EventTrace) -> list[Step]:
    """In the order of their times; what was not heard of is left out."""
    entered = sorted([*_happened(trace), *_received(trace), *_opened(trace)], key=lambda step: step.at_ms)
    return [*entered, *_enriched(trace), *_flushed(trace)]


def _happened(trace: EventTrace) -> Iterator[Step]:
    if not trace.event_time_ms:
        return
    if trace.browser_fired:
        platforms = listed([named(platform) for platform in trace.browser_fired])
        text = f"The shop's page sent its own copy to {platforms}; they merge both by this event id."
        yield Step(at_ms=trace.event_time_ms, what="Browser copy fired", text=text)
    else:
        text = "By the shop's clock. No browser copy was sent, so nothing has to be merged."
        yield Step(at_ms=trace.event_time_ms, what="Happened", text=text)


def _received(trace: EventTrace) -> Iterator[Step]:
    if not trace.received_ms:
        return
    took_ms = trace.received_ms - trace.event_time_ms
    if not trace.event_time_ms or -AHEAD_MS <= took_ms <= 0:
        text = "Checked, hashed, and in its session's log."
    elif took_ms < 0:
        text = f"In its session's log. The shop's clock is {span(took_ms)} ahead of ours."
    else:
        text = f"Checked, hashed, and in its session's log {span(took_ms)} after it happened."
    yield Step(at_ms=trace.received_ms, what="Received", text=text, tone="warn" if took_ms > SLOW_MS else "quiet")


def _opened(trace: EventTrace) -> Iterator[Step]:
    if trace.opened_ms and trace.opened_ms != trace.received_ms:
        yield Step(at_ms=trace.opened_ms, what="Window opened", text="By an earlier event of the session.")
    elif trace.opened_ms:
        yield Step(
            at_ms=trace.opened_ms, what="Window opened", text="By this event, or by one of the same moment."
        )


def _enriched(trace: EventTrace) -> Iterator[Step]:
    """One step for each event or earlier visit that gave it something."""
    by_source: dict[str, list[str]] = {}
    for field, source in trace.backfilled.items():
        by_source.setdefault(source, []).append(field)
    for source, fields in by_source.items():
        kind, is_visit = source.removeprefix("visitor:"), source.startswith("visitor:")
        whose = f"an earlier visit, known by {VISITORS.get(kind, kind)}" if is_visit else f"event {source}"
        yield Step(
            at_ms=trace.flushed_ms,
            what="Enriched",
            text=f"Got {listed(sorted(fields))} from {whose}.",
            tone="ok",
            event_id="" if is_visit else source,
        )


def _flushed(trace: EventTrace) -> Iterator[Step]:
    if not trace.flushed_ms:
        return
    why = FLUSHES.get(trace.reason, "")
    since_ms = trace.received_ms or trace.opened_ms
    held = f" It was held for {span(trace.flushed_ms - since_ms)}." if since_ms else ""
    facts = {"reason": trace.reason, "batch": trace.batch_id}
    if trace.offset >= 0:
        facts["log"] = f"partition {trace.partition}, offset {trace.offset}"
    yield Step(
        at_ms=trace.flushed_ms,
        what="Left its session",
        text=f"{why[:1].upper()}{why[1:]}.{held}" if why else held.strip(),
        facts={name: value for name, value in facts.items() if value},
    )
