"""One session told in minutes, for the tests of the session rules by example."""

from __future__ import annotations

from streams.effects import Arrival, Effect, Flushed, Told
from streams.events import Batch, Consent, Enriched, Erase, Event, Identity, Platform, Recalled, UserData, encode
from streams.events import Visit as Message
from streams.session import answer, arrive, erase_from, expire
from streams.session_state import Limits, Session

MINUTE = 60_000
DEFAULTS = Limits()
ADAPTIVE = Limits(hold="adaptive")
REMEMBERS = Limits(remembers=True)
NOBODY, EMAIL, OTHER = UserData(), UserData(em=("aa",)), UserData(em=("bb",))


class Visit:
    """One session on partition 3, told in minutes; `left` collects what leaves."""

    def __init__(self, limits: Limits = DEFAULTS) -> None:
        self.limits = limits
        self.session: Session | None = None
        self.left: list[Effect] = []
        self.offset = 0

    def at(
        self,
        minute: float,
        name: str,
        event_id: str,
        *,
        user: UserData = NOBODY,
        fired: tuple[Platform, ...] = (),
        consent: Consent = "",
        someone_else: bool = False,
        fbclid: str = "",
        clock: float | None = None,
    ) -> list[Effect]:
        """One event; `clock` is the minute of its own time, which is the log's unless told otherwise."""
        event = Event(
            event_id=event_id,
            event_name=name,
            event_time_ms=round((minute if clock is None else clock) * MINUTE),
            tenant="default",
            session_id="s1",
            user=user,
            browser_fired=fired,
            consent=consent,
            replace_identity=someone_else,
            fbclid=fbclid,
        )
        return self.record(minute, event, encode(event))

    def record(self, minute: float, event: Event, raw: bytes) -> list[Effect]:
        self.offset += 1
        arrival = Arrival(event.key, 3, self.offset, round(minute * MINUTE), event, raw)
        self.session, effects = arrive(arrival, self.session, self.limits)
        self.left += effects
        return [*effects]

    def hears(self, minute: float, to: Message, identity: Identity) -> list[Effect]:
        """The memory's answer to a message."""
        recalled = Recalled(
            tenant=to.tenant, visitor=to.visitor, session_id=to.session_id, ask_id=to.ask_id, identity=identity
        )
        at_ms = round(minute * MINUTE)
        self.session, effects = answer(b"default|s1", 3, self.session, recalled, at_ms, self.limits)
        self.left += effects
        return [*effects]

    def erases(self, minute: float, field: str, digest: str) -> list[Effect]:
        erase = Erase(tenant="default", field=field, digest=digest)
        at_ms = round(minute * MINUTE)
        self.session, effects = erase_from(b"default|s1", 3, self.session, erase, at_ms, self.limits)
        self.left += effects
        return [*effects]

    def until(self, minute: float) -> list[Effect]:
        self.session, effects = expire(b"default|s1", 3, self.session, round(minute * MINUTE), self.limits)
        self.left += effects
        return [*effects]


def batches(effects: list[Effect]) -> list[Batch]:
    return [effect.batch for effect in effects if isinstance(effect, Flushed)]


def shape(effects: list[Effect]) -> list[tuple[str, list[str], float]]:
    """(reason, event ids, minute) of each batch."""
    return [(b.reason, [e.event.event_id for e in b.events], b.flushed_at_ms / MINUTE) for b in batches(effects)]


def user_of(batch: Batch, event_id: str) -> UserData:
    return next(e.event.user for e in batch.events if e.event.event_id == event_id)


def told(effects: list[Effect]) -> list[Message]:
    """What was said to the memory of visitors."""
    return [effect.visit for effect in effects if isinstance(effect, Told)]


def left_of(visit: Visit) -> dict[str, Enriched]:
    """Event id -> the event as it left, of all that has left so far."""
    return {e.event.event_id: e for batch in batches(visit.left) for e in batch.events}
