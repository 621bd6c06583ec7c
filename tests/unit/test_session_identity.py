"""Who is known and who consents when a window closes, compared with an independent memory of the session."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given

from streams.events import USER_FIELDS, Event
from streams.session import Dropped, Duplicate, Flushed
from tests.unit.session_worker import PROFILE, TIMED, ended, offset_of, traced
from tests.unit.strategies import SMALL, Entry, histories


class Memory:
    """Who a session knows, told independently of the rules: first value of each field wins, until someone
    else logs in, consent is denied, or the visitor is silent for idle + grace."""

    def __init__(self) -> None:
        self.fields: dict[str, object] = {}
        self.last_at_ms = 0
        self.consent = ""

    def admit(self, event: Event, at_ms: int) -> None:
        self.last_at_ms = at_ms
        self.consent = event.consent or self.consent
        if event.replace_identity or self.consent == "denied":
            self.fields = {}
        if self.consent != "denied":
            told = {name: getattr(event.user, name) for name in USER_FIELDS if getattr(event.user, name)}
            self.fields = {**told, **self.fields}


def forgotten(memory: Memory, at_ms: int) -> bool:
    return at_ms - memory.last_at_ms >= SMALL.idle_ms + SMALL.grace_ms


@PROFILE
@given(histories)
def test_what_is_known_at_a_flush_is_on_every_event(log: list[Entry]) -> None:
    """Own fields win, gaps are filled with what the session knew then, and each fill names its source."""
    memories: dict[bytes, Memory] = defaultdict(Memory)
    raw = {entry.offset: entry.event for entry in log if entry.event is not None}
    for entry, effects in traced(ended(log)):
        flushes = [effect for effect in effects if isinstance(effect, Flushed)]
        for flushed in flushes:
            if flushed.batch.reason in (*TIMED, "identity"):  # these come before the event itself
                check(flushed, memories[flushed.batch.key], raw)
        if (event := entry.event) is None or any(isinstance(effect, Duplicate) for effect in effects):
            continue
        if forgotten(memories[event.key], entry.at_ms):
            memories[event.key] = Memory()
        memories[event.key].admit(event, entry.at_ms)
        dropped = any(isinstance(effect, Dropped) for effect in effects)
        assert dropped == (memories[event.key].consent == "denied")
        for flushed in flushes:
            if flushed.batch.reason not in (*TIMED, "identity"):
                check(flushed, memories[event.key], raw)


@PROFILE
@given(histories)
def test_each_fill_names_the_event_that_brought_it(log: list[Entry]) -> None:
    brought = {
        (event.key, event.event_id, name, getattr(event.user, name))
        for event in (entry.event for entry in log)
        if event is not None
        for name in USER_FIELDS
    }
    for _, effects in traced(ended(log)):
        for batch in (effect.batch for effect in effects if isinstance(effect, Flushed)):
            for enriched in batch.events:
                for name, source in enriched.backfilled.items():
                    assert (batch.key, source, name, getattr(enriched.event.user, name)) in brought


def check(flushed: Flushed, memory: Memory, raw: dict[int, Event]) -> None:
    assert memory.consent != "denied"
    for enriched in flushed.batch.events:
        own = raw[offset_of(enriched)].user
        for name in USER_FIELDS:
            fill = memory.fields.get(name) if not getattr(own, name) else None
            assert getattr(enriched.event.user, name) == (fill or getattr(own, name))
            assert (name in enriched.backfilled) == (fill is not None)
