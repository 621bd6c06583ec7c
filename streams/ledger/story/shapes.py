"""The story of one event id: what happened to it, step by step, and what that comes to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import field

from streams.events import Record
from streams.ledger.answers import EventTrace, RejectSeen

Tone = Literal["ok", "warn", "bad", "quiet"]
TONES: tuple[Tone, ...] = ("quiet", "ok", "warn", "bad")  # the worse, the later

# platform and code of an answer -> what to do about it, "" when nothing is known
Advice = Callable[[str, str], str]


class Step(Record, frozen=True):
    """One thing that happened, or will: `at_ms` is Unix ms, 0 when nobody noted it.

    `todo` says what to do about it. `event_id` names another event to look at, `parked` says that the job lies
    among the dead letters; `session` is the key of the session that has it: held until `due_ms` when nothing more
    comes, until `latest_ms` whatever comes. `facts` are codes and numbers to look things up by. No personal data.
    """

    at_ms: int
    what: str
    text: str = ""
    tone: Tone = "quiet"
    platform: str = ""
    pixel_id: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    todo: str = ""
    event_id: str = ""
    parked: bool = False
    session: str = ""
    due_ms: int = 0
    latest_ms: int = 0


class Story(Record, frozen=True):
    """`verdict` is one sentence. `event` is None when no session had it."""

    verdict: str
    tone: Tone
    steps: tuple[Step, ...] = ()
    event: EventTrace | None = None
    rejects: tuple[RejectSeen, ...] = ()


def worst(tones: list[Tone]) -> Tone:
    return max(tones, key=TONES.index, default="quiet")
