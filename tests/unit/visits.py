"""One session told in minutes, for the tests of the session rules by example."""

from __future__ import annotations

from streams.events import Batch, Consent, Event, Platform, UserData, encode
from streams.session import Arrival, Effect, Flushed, Limits, Session, arrive, expire

MINUTE = 60_000
DEFAULTS = Limits()
ADAPTIVE = Limits(hold="adaptive")
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
    ) -> list[Effect]:
        event = Event(
            event_id=event_id,
            event_name=name,
            event_time_ms=int(minute * MINUTE),
            tenant="default",
            session_id="s1",
            user=user,
            browser_fired=fired,
            consent=consent,
            replace_identity=someone_else,
        )
        return self.record(minute, event, encode(event))

    def record(self, minute: float, event: Event, raw: bytes) -> list[Effect]:
        self.offset += 1
        arrival = Arrival(event.key, 3, self.offset, int(minute * MINUTE), event, raw)
        self.session, effects = arrive(arrival, self.session, self.limits)
        self.left += effects
        return [*effects]

    def until(self, minute: float) -> list[Effect]:
        self.session, effects = expire(b"default|s1", 3, self.session, int(minute * MINUTE), self.limits)
        self.left += effects
        return [*effects]


def batches(effects: list[Effect]) -> list[Batch]:
    return [effect.batch for effect in effects if isinstance(effect, Flushed)]


def shape(effects: list[Effect]) -> list[tuple[str, list[str], float]]:
    """(reason, event ids, minute) of each batch."""
    return [(b.reason, [e.event.event_id for e in b.events], b.flushed_at_ms / MINUTE) for b in batches(effects)]


def user_of(batch: Batch, event_id: str) -> UserData:
    return next(e.event.user for e in batch.events if e.event.event_id == event_id)
