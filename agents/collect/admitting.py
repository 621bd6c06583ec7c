"""A request's events through the door: records to write, and an answer for each in the order sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from agents.collect.shapes import EventAnswer, EventError
from agents.collect.visitor import Visitor
from streams.door import Origin
from streams.envelope import RefusedError
from streams.events import Event, Reject
from streams.raw import RawEvent

NO_TOPIC = "http"  # where a reject's topic would be: the original is nowhere in Kafka
SCHEMA = "see docs/event.schema.json"


class Sender(NamedTuple):
    """Whose events they are, how their ids are issued by index, and what is known of the browser."""

    tenant: str
    issue_id: Callable[[int], str]
    visitor: Visitor | None = None

    def completing(self, index: int) -> Callable[[RawEvent], None]:
        def complete(given: RawEvent) -> None:
            if given.tenant not in (None, "", self.tenant):
                raise RefusedError(
                    "tenant", "is not the key's", "leave it out: the key says whose events they are"
                )
            given.tenant = self.tenant
            if given.event_id in (None, ""):
                given.event_id = self.issue_id(index)
            if self.visitor is not None:
                self.visitor.complete(given)

        return complete


def answer_of(found: Event | Reject) -> EventAnswer:
    if isinstance(found, Event):
        return EventAnswer(found.event_id)
    error = EventError(code_of(found.reason), found.field, found.reason, found.fix or SCHEMA)
    return EventAnswer(found.event_id or None, error)


def origin_of(index: int, now_ms: int) -> Origin:
    return Origin(NO_TOPIC, 0, index, now_ms)


@lru_cache(maxsize=256)
def code_of(reason: str) -> str:
    """The door's fixed words as one: `is not JSON` is `not_json`."""
    words = re.findall(r"[a-z0-9]+", reason.lower())
    return "_".join(words[words[:1] == ["is"] :][:6])
