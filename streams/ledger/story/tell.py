"""All that is known of an event id -> a story for each event that has it, the newest first."""

from __future__ import annotations

from collections.abc import Sequence

from streams.ledger.answers import EventTrace, RejectSeen, Traces
from streams.ledger.story.delivery import delivery_steps, refused_step
from streams.ledger.story.held import held_stories
from streams.ledger.story.session import session_steps
from streams.ledger.story.shapes import Advice, Story
from streams.ledger.story.verdict import verdict_of
from streams.session_find import Place


def stories(
    found: Traces, now_ms: int, advice: Advice, places: Sequence[Place] = (), whole: bool = True
) -> tuple[Story, ...]:
    """One for each event that a session holds or that left one, and one for each record that was not taken.

    `places` are what the session workers know of the id. `whole` is false while the ledger, or a worker of it,
    does not answer: then `found` is what is known of the others."""
    events = sorted(found.events, key=lambda trace: trace.flushed_ms or trace.event_time_ms, reverse=True)
    whose = {id(reject): _owner(reject, events) for reject in found.rejects}
    told = [_left(trace, [r for r in found.rejects if whose[id(r)] is trace], now_ms, advice) for trace in events]
    refused = (_refused(reject) for reject in found.rejects if whose[id(reject)] is None)
    return (*held_stories(places, found, now_ms, whole), *told, *refused)


def _owner(reject: RejectSeen, events: Sequence[EventTrace]) -> EventTrace | None:
    """The event of which one destination would refuse its job; a record that was not taken is nobody's.

    A reject names no session. Of several events with this id in one tenant it goes to the last that left before.
    """
    if not reject.platform:
        return None
    same = [trace for trace in events if trace.tenant == reject.tenant]
    before = (trace for trace in same if trace.flushed_ms <= reject.at_ms)
    return next(before, same[-1] if same else None)


def _left(trace: EventTrace, rejects: Sequence[RejectSeen], now_ms: int, advice: Advice) -> Story:
    verdict, tone = verdict_of(trace, rejects, now_ms)
    return Story(
        verdict=verdict,
        tone=tone,
        steps=(*session_steps(trace), *delivery_steps(trace, rejects, now_ms, advice)),
        event=trace,
        rejects=tuple(rejects),
    )


def _refused(reject: RejectSeen) -> Story:
    step = refused_step(reject)
    return Story(verdict=f"{step.what}: {reject.reason}.", tone="bad", steps=(step,), rejects=(reject,))
