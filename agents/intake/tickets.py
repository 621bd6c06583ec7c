"""An item gets a ticket in the moment it is taken, and keeps it until Kafka has its event. Pure.

The ticket is all that an event without an id or a time of its own gets them from. A worker that takes over from a
dead one finds the same ticket, so it issues the same id; two equal items have two tickets and are two events.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from streams.door import Origin

# worker/call/place/milliseconds|item
_ENTRY = re.compile(rb"([0-9a-f]{16})/(\d{1,15})/(\d{1,6})/(\d{13})\|", re.ASCII)


class Entry(NamedTuple):
    """One item in a worker's hands. `ticket` is its beginning in Redis, the `|` included."""

    ticket: bytes
    origin: Origin
    item: bytes


def prefix(worker: str, call: int) -> str:
    """What the tickets of one call for items begin with; no call of any worker has another's."""
    return f"{worker}/{call}/"


def read_entry(queue: str, raw: bytes) -> Entry:
    """Raises ValueError for what TAKE would have given a ticket."""
    found = _ENTRY.match(raw)
    if found is None:
        raise ValueError("an entry without a ticket")
    worker, call, place, taken_ms = found.groups()
    origin = Origin(f"{queue}/{worker.decode()}", int(call), int(place), int(taken_ms))
    return Entry(found[0], origin, raw[found.end() :])
