"""What comes to a session, and what a step of it releases."""

from __future__ import annotations

from typing import NamedTuple

from streams.events import Batch, Event, Visit
from streams.session_state import Session


class Arrival(NamedTuple):
    """An event record of the log: `raw` is its value, `event` the same decoded."""

    key: bytes
    partition: int
    offset: int
    at_ms: int
    event: Event
    raw: bytes


class Flushed(NamedTuple):
    batch: Batch


class Dropped(NamedTuple):
    """Events that leave without delivery: consent is denied, or their person is erased."""

    tenant: str
    events: tuple[tuple[int, str], ...]  # (offset, event_id)
    reason: str


class Duplicate(NamedTuple):
    tenant: str
    event_id: str


class Told(NamedTuple):
    """A message to the memory of returning visitors."""

    visit: Visit


Effect = Flushed | Dropped | Duplicate | Told
Step = tuple[Session | None, tuple[Effect, ...]]
