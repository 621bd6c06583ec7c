"""A request's events through the door: records to write, and an answer for each in the order sent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from agents.admission import Admission
from agents.collect.shapes import EventAnswer, EventError, EventsAnswer
from agents.collect.visitor import Visitor
from streams.door import Origin, admit
from streams.envelope import RefusedError
from streams.events import Event, Reject
from streams.raw import RawEvent
from streams.runs import Outgoing
from streams.tenants import Tenants

NO_TOPIC = "http"  # where a reject's topic would be: the original is nowhere in Kafka
AT_A_TIME = 50  # events of one request; then others have their turn
SCHEMA = "see docs/event.schema.json"


class Sender(NamedTuple):
    """Whose events they are, how their ids are issued by index, what is known of the browser, and a server's own
    W3C traceparent."""

    tenant: str
    issue_id: Callable[[int], str]
    visitor: Visitor | None = None
    link: bytes = b""

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


class Outcome(NamedTuple):
    """`events` are those that passed. `consent_unclear`: one did not pass because its consent cannot be read."""

    answer: EventsAnswer
    records: list[Outgoing]
    events: list[Event]
    consent_unclear: bool


async def admitted(
    raws: Sequence[bytes], sender: Sender, tenants: Tenants, admission: Admission, now_ms: int
) -> Outcome:
    answers: list[EventAnswer] = []
    records: list[Outgoing] = []
    events: list[Event] = []
    unclear = False
    for index, raw in enumerate(raws):
        if index % AT_A_TIME == AT_A_TIME - 1:
            await asyncio.sleep(0)
        found = admit(raw, tenants, Origin(NO_TOPIC, 0, index, now_ms), sender.completing(index))
        records.append(admission.record(found, link=sender.link))
        if isinstance(found, Reject):
            unclear |= found.field.startswith("consent")
            answers.append(_refusal(found))
        else:
            events.append(found.event)
            answers.append(EventAnswer(found.event.event_id))
    answer = EventsAnswer(len(events), len(raws) - len(events), answers)
    return Outcome(answer, records, events, unclear)


def _refusal(reject: Reject) -> EventAnswer:
    error = EventError(code_of(reject.reason), reject.field, reject.reason, reject.fix or SCHEMA)
    return EventAnswer(reject.event_id or None, error)


@lru_cache(maxsize=256)
def code_of(reason: str) -> str:
    """The door's fixed words as one: `is not JSON` is `not_json`."""
    words = re.findall(r"[a-z0-9]+", reason.lower())
    return "_".join(words[words[:1] == ["is"] :][:6])
