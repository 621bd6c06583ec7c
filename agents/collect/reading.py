"""The events in a body: one, an array, or an envelope with a key; each stays the bytes that were sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from agents.collect import strict
from agents.collect.problems import Problem
from agents.collect.shapes import MOST_EVENTS, EnvelopeOfRaw

_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_envelope = msgspec.json.Decoder(EnvelopeOfRaw).decode
CONTENT_TYPES = ("application/json", "text/plain")  # sendBeacon sends the second without asking first


class Sent(NamedTuple):
    """`key` is the envelope's, "" when there is none."""

    key: str
    events: Sequence[bytes]


def check_content_type(content_type: str) -> None:
    if content_type not in CONTENT_TYPES:
        raise Problem(
            415,
            "unknown_content_type",
            "the body is not declared as JSON",
            "send application/json",
            "Content-Type",
        )


def read_events(body: bytes) -> Sent:
    """Raises Problem 400, 413 or 422."""
    value = strict.parse(body)
    if isinstance(value, list):
        return Sent("", _counted(_array(body)))
    if isinstance(value, dict) and "events" in value:
        try:
            envelope = _envelope(body)
        except msgspec.ValidationError:
            raise Problem(422, "bad_envelope", "key is text, events an array", "see /openapi.json") from None
        return Sent(envelope.key, _counted(envelope.events))
    return Sent("", [body])


def _counted(events: list[msgspec.Raw]) -> list[bytes]:
    if not events:
        raise Problem(422, "no_events", "there is no event", "send 1 or more", "events")
    if len(events) > MOST_EVENTS:
        raise Problem(413, "too_many_events", f"there are more than {MOST_EVENTS} events", "send fewer", "events")
    return [bytes(event) for event in events]
