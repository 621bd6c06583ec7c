"""Raw events from a file to `capi.events`, keyed by session: checked first by the door's own rules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from time import monotonic
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.door import Origin, admit
from streams.events import Reject
from streams.settings import Settings
from streams.tenants import Tenants

CHUNK = 500
KEPT = 1_000  # refusals that are told one by one
WITHIN_MS = 30_000


class Refusal(NamedTuple):
    """A line that the door would not take; never its content."""

    line: int
    field: str
    reason: str
    fix: str


class Good(NamedTuple):
    line: int
    key: bytes
    raw: bytes


class Sent(msgspec.Struct, kw_only=True):
    """`sent` are durable in Kafka. When it took no more, `why` says so and `stopped_at` is the next line."""

    read: int = 0
    sent: int = 0
    refused: int = 0
    refusals: list[Refusal] = []
    stopped_at: int = 0
    why: str = ""

    @property
    def well(self) -> bool:
        return not self.refused and not self.why


def checked(found: Sent, lines: Iterable[tuple[int, bytes]], tenants: Tenants, now_ms: int) -> Iterator[Good]:
    """The lines that the door takes; counts all of them, and notes those that it does not."""
    for line, raw in lines:
        found.read += 1
        answer = admit(raw, tenants, Origin("file", 0, line, now_ms))
        if isinstance(answer, Reject):
            found.refused += 1
            if len(found.refusals) < KEPT:
                found.refusals.append(Refusal(line, answer.field, answer.reason, answer.fix))
        else:
            yield Good(line, answer.event.session_id.encode(), raw)


async def send(
    settings: Settings, found: Sent, events: Iterator[Good], per_second: float, progress: Callable[[], None]
) -> None:
    """Returns when Kafka has everything safe, or took no more: `found` says which. `per_second` 0: no limit."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_servers,
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=WITHIN_MS,
    )
    size = max(1, min(CHUNK, round(per_second))) if per_second else CHUNK
    chunk: list[Good] = []
    try:
        await producer.start()
        started_s = monotonic()
        while chunk := [*islice(events, size)]:
            await _send(producer, settings.topic("events"), chunk)
            found.sent += len(chunk)
            progress()
            if per_second:
                await asyncio.sleep(started_s + found.sent / per_second - monotonic())
    except (KafkaError, OSError) as error:
        where = ", ".join(settings.kafka_servers)
        found.why = f"Kafka at {where} (CAPI_KAFKA_URL) took no more ({type(error).__name__})"
        found.stopped_at = chunk[0].line if chunk else 1
    finally:
        await producer.stop()


async def _send(producer: AIOKafkaProducer, topic: str, chunk: list[Good]) -> None:
    futures = [await producer.send(topic, event.raw, key=event.key) for event in chunk]
    for future in futures:
        await future
