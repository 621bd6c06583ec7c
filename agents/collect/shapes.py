"""What the door takes and answers, as types: the handlers use them and /openapi.json is made of them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from streams.raw import RawEvent

MOST_EVENTS = 1_000


class Envelope(msgspec.Struct):
    """Events together with the publishable key: the form for browsers, since sendBeacon sets no headers."""

    key: Annotated[str, Meta(description="Publishable key, `pk_…`; else the header X-Capi-Key.")] = ""
    events: Annotated[list[RawEvent], Meta(min_length=1, max_length=MOST_EVENTS)] = []


class EnvelopeOfRaw(msgspec.Struct):
    """The same, each event as the bytes that were sent."""

    key: str = ""
    events: list[msgspec.Raw] = []


class EventError(msgspec.Struct, frozen=True):
    """Why one event was not taken. `field` is a JSON path inside the event, "" for the whole."""

    code: str
    field: str
    reason: str
    fix: str


class EventAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one event. `event_id` is its own or the one it was given, null when it cannot be told."""

    event_id: str | None
    error: EventError | None = None


class EventsAnswer(msgspec.Struct, frozen=True):
    """`events` are in the order sent."""

    accepted: int
    rejected: int
    events: list[EventAnswer]


class IdAnswer(msgspec.Struct, frozen=True):
    event_id: str
