"""Who is known and who consents when a window closes, compared with an independent memory of the session."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given

from streams.batches import GAPS
from streams.click_ledger import CLICK_FIELDS, ClickField
from streams.effects import Dropped, Duplicate, Flushed
from streams.events import Event, UserData
from tests.unit.session_worker import PROFILE, TIMED, ended, offset_of, traced
from tests.unit.strategies import SMALL, Entry, histories


class Memory:
    """Who a session knows, told independently of the rules: first value of each field wins, until someone
    else logs in, consent is denied, or the visitor is silent for idle + grace. Clicks: every sighting."""

    def __init__(self) -> None:
        self.fields: dict[str, object] = {}
        self.sightings: list[tuple[ClickField, str, int, str]] = []  # platform, click, time, what is sent
        self.last_at_ms = 0
        self.consent = ""

    def admit(self, event: Event, at_ms: int) -> None:
        self.last_at_ms = at_ms
        self.consent = event.consent or self.consent
        if event.replace_identity or self.consent == "denied":
            self.fields, self.sightings = {}, []
        if self.consent != "denied":
            self.sightings += sightings(event)
            told = {name: getattr(event.user, name) for name in GAPS if getattr(event.user, name)}
            self.fields = {**told, **self.fields}

    def sent(self, field: ClickField, own: str, at_ms: int) -> str:
        """What an event of that time sends; `own` is the click it brought, which is sent however old."""
        firsts: dict[str, tuple[int, str]] = {}
        for platform, click, seen_ms, value in self.sightings:
            if platform == field and (click not in firsts or seen_ms < firsts[click][0]):
                firsts[click] = (seen_ms, value)
        if own:
            return firsts[own][1]
        latest_ms = max((seen_ms for seen_ms, _ in firsts.values() if seen_ms <= at_ms), default=-1)
        return next((value for seen_ms, value in reversed(firsts.values()) if seen_ms == latest_ms), "")


def sightings(event: Event) -> list[tuple[ClickField, str, int, str]]:
    seen: list[tuple[ClickField, str, int, str]] = []
    if event.user.fbc:
        _, _, at_ms, click = event.user.fbc.split(".")[:4]
        seen.append(("fbc", click, int(at_ms), event.user.fbc))
    if event.fbclid:
        seen.append(("fbc", event.fbclid, event.event_time_ms, f"fb.1.{event.event_time_ms}.{event.fbclid}"))
    if event.user.ttclid:
        seen.append(("ttclid", event.user.ttclid, event.event_time_ms, event.user.ttclid))
    return seen


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
        for name in GAPS
    }
    clicked = {(e.event.key, e.event.event_id) for e in log if e.event is not None and sightings(e.event)}
    for _, effects in traced(ended(log)):
        for batch in (effect.batch for effect in effects if isinstance(effect, Flushed)):
            for enriched in batch.events:
                for name, source in enriched.backfilled.items():
                    if name in CLICK_FIELDS:
                        assert source != enriched.event.event_id and (batch.key, source) in clicked
                        continue
                    assert (batch.key, source, name, getattr(enriched.event.user, name)) in brought


def check(flushed: Flushed, memory: Memory, raw: dict[int, Event]) -> None:
    assert memory.consent != "denied"
    for enriched in flushed.batch.events:
        came = raw[offset_of(enriched)]
        own = came.user
        check_clicks(came, enriched.event.user, memory)
        for name in GAPS:
            fill = memory.fields.get(name) if not getattr(own, name) else None
            assert getattr(enriched.event.user, name) == (fill or getattr(own, name))
            assert (name in enriched.backfilled) == (fill is not None)


def check_clicks(came: Event, sent: UserData, memory: Memory) -> None:
    """An own cookie leaves as it came, unless the URL beside it names another click."""
    cookie = came.user.fbc
    if cookie and came.fbclid in ("", cookie.split(".")[3]):
        assert sent.fbc == cookie
    else:
        assert sent.fbc == memory.sent("fbc", came.fbclid, came.event_time_ms)
    assert sent.ttclid == (came.user.ttclid or memory.sent("ttclid", "", came.event_time_ms))
