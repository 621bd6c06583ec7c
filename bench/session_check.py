"""Do the ways do the same work? The same records, with the same log times, to each: all batches must be equal.

Batches are compared whole: which events, in which order, with which identity filled in from where, and why and
when they left. Log times are given (the topic takes the producer's), so that thirty minutes of silence take none.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.progress import ends_of, progress_of
from bench.session_events import event
from bench.session_ways import Way, session_settings, working
from streams.events import Batch, Event, Tick, decode_batch, encode
from streams.settings import Settings
from streams.topics import TopicSpec, topics
from tests.kafka import producer_of, read_all, topics_of

EVENTS, VISITORS, PARTITIONS, WITHIN_S = 400, 25, 2, 90
MINUTE_MS, HOUR_MS = 60_000, 3_600_000


class Record(NamedTuple):
    """`key` of an event; a tick has none, and goes to every partition."""

    at_ms: int
    key: bytes | None
    value: bytes


async def batches_by_way(ways: Iterable[Way]) -> dict[str, list[Batch]]:
    """What each way makes of the same records, by batch id; the ways work side by side."""
    records, chosen = [*history(time.time_ns() // 1_000_000 - 20 * HOUR_MS)], [*ways]
    found = await asyncio.gather(*(batches(way, records) for way in chosen))
    return {way.name: of_way for way, of_way in zip(chosen, found, strict=True)}


def history(base_ms: int, seed: int = 7) -> Iterator[Record]:
    """A day of some visitors: visits with pauses around the idle time, repeats, logins, purchases; then a tick."""
    rng, at_ms, sent = random.Random(seed), base_ms, list[Event]()
    for number in range(EVENTS):
        at_ms += rng.choice((200, 1_000, MINUTE_MS, 2 * MINUTE_MS, 10 * MINUTE_MS if number % 20 == 0 else 500))
        one = changed(event(number, f"visit-{int(VISITORS * rng.random() ** 2)}", rng), rng)
        sent.append(one if rng.random() < 0.9 or not sent else rng.choice(sent))
        yield Record(at_ms, sent[-1].key, encode(sent[-1]))
    yield Record(at_ms + HOUR_MS, None, encode(Tick()))


def changed(one: Event, rng: random.Random) -> Event:
    """Some are a login, some bring other match keys, some come with a producer's clock that is wrong."""
    named = msgspec.structs.replace(one.user, ph=(f"{rng.randrange(1 << 64):064x}",), city="berlin")
    return msgspec.structs.replace(
        one,
        event_name="Identify" if rng.random() < 0.05 else one.event_name,
        event_time_ms=one.event_time_ms + rng.randrange(-5, 6),
        user=named if rng.random() < 0.05 else one.user,
    )


async def batches(way: Way, records: Iterable[Record]) -> list[Batch]:
    """Raises TimeoutError when it does not come to the end."""
    with tempfile.TemporaryDirectory(prefix="bench-check-") as made:
        folder = Path(made)
        settings = session_settings(folder, partitions=PARTITIONS)
        async with topics_of(settings, taking_given_times(settings)):
            await send(settings, records)
            ends = await ends_of(settings, "sessions.in")
            with working(way, settings, folder) as worker:
                async with progress_of(settings, ends, worker.pid) as progress:
                    await progress.until(lambda look: look.done == sum(ends.values()), WITHIN_S)
            found = [decode_batch(record.value) for record in await read_all(settings, settings.topic("batches"))]
    return sorted(found, key=lambda batch: batch.batch_id)


def taking_given_times(settings: Settings) -> TopicSpec:
    spec = next(spec for spec in topics(settings) if spec.name == settings.topic("sessions.in"))
    return msgspec.structs.replace(spec, config=spec.config | {"message.timestamp.type": "CreateTime"})


async def send(settings: Settings, records: Iterable[Record]) -> None:
    """One after the other in each partition, so that offsets are the same each time."""
    topic = settings.topic("sessions.in")
    async with producer_of(settings, enable_idempotence=True) as producer:
        for record in records:
            for partition in (None,) if record.key else range(settings.partitions):
                await producer.send(topic, record.value, record.key, partition, record.at_ms)


def differences(found: dict[str, list[Batch]]) -> list[str]:
    """A line for each way whose batches are not those of the first."""
    (base, wanted), *others = found.items()
    return [
        f"{way}: {len(of_way)} batches, {sum(one not in wanted for one in of_way)} of them not those of {base}"
        f" ({len(wanted)})"
        for way, of_way in others
        if of_way != wanted
    ]
