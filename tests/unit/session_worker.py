"""The session agent without Kafka, and how the property tests look at what it lets go."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from hypothesis import settings

from streams.effects import Dropped, Duplicate, Effect, Flushed
from streams.events import Enriched, encode
from streams.session import IDENTIFY
from streams.session_state import Session, decode_session, encode_session
from streams.windows import Windows
from tests.unit.strategies import GAP, PARTITION_OF, Entry, fed, limits_of

settings.register_profile("quick", max_examples=60, deadline=None, print_blob=True)
settings.register_profile("deep", max_examples=2_000, deadline=None, print_blob=True)
PROFILE = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))  # `deep` for a long look
FAR_MS = 10_000_000
TIMED = ("idle", "max_age", "merge_window")  # flush reasons that need no event
Out = tuple[int, bytes]  # partition, what left


class Worker:
    """The session agent without Kafka: a table in memory, a changelog that only a commit writes to."""

    def __init__(self, changelog: dict[bytes, bytes] | None = None) -> None:
        self.table: dict[bytes, Session] = {k: decode_session(v) for k, v in (changelog or {}).items()}
        self.windows = Windows(self.table, limits_of)
        keys: dict[int, list[bytes]] = {0: [], 1: []}
        for key in self.table:
            keys[partition_of(key)].append(key)
        self.windows.assign({partition: iter(found) for partition, found in keys.items()})

    def feed(self, entry: Entry) -> list[Effect]:
        return fed(self.windows, entry)

    def changelog(self) -> dict[bytes, bytes]:
        return {key: encode_session(session) for key, session in self.table.items()}


def partition_of(key: bytes) -> int:
    tenant, _, session_id = key.decode().partition("|")
    return PARTITION_OF[tenant, session_id]


def ended(log: Sequence[Entry]) -> list[Entry]:
    """The log with a tick far in the future in each partition."""
    offset = (len(log) + 1) * GAP
    at_ms = (log[-1].at_ms if log else 0) + FAR_MS
    return [*log, Entry(0, offset, at_ms, None), Entry(1, offset + 1, at_ms, None)]


def written(partition: int, effects: Iterable[Effect]) -> list[Out]:
    """Effects as bytes, so that equal means equal on the wire."""
    return [
        (partition, encode(effect.batch) if isinstance(effect, Flushed) else encode(effect)) for effect in effects
    ]


def replayed(log: Iterable[Entry]) -> list[Out]:
    worker = Worker()
    return [out for entry in log for out in written(entry.partition, worker.feed(entry))]


def traced(log: Iterable[Entry]) -> list[tuple[Entry, list[Effect]]]:
    worker = Worker()
    return [(entry, worker.feed(entry)) for entry in log]


def by_partition(outs: Iterable[Out]) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = defaultdict(list)
    for partition, value in outs:
        found[partition].append(value)
    return dict(found)


def offset_of(enriched: Enriched) -> int:
    return int(enriched.event.custom_data["offset"])


def offsets_left(entry: Entry, effects: Iterable[Effect]) -> Iterator[int]:
    """The log offsets that these effects account for; an admitted Identify accounts for itself."""
    ids: list[int] = []
    for effect in effects:
        if isinstance(effect, Flushed):
            ids += [offset_of(enriched) for enriched in effect.batch.events]
        elif isinstance(effect, Dropped):
            ids += [offset for offset, _ in effect.events]
        elif isinstance(effect, Duplicate):
            ids.append(entry.offset)
    if entry.event is not None and entry.event.event_name == IDENTIFY and entry.offset not in ids:
        ids.append(entry.offset)
    yield from ids
