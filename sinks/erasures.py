"""Writes requests to forget a person to Kafka: to every partition of the sessions' topic, then the tombstones."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from streams.events import Erase, Erased, Noted, encode
from streams.settings import Settings
from streams.tombstones import mark_of

WITHIN_S = 20.0
SHOWN_DIGITS = 8


class ErasureError(Exception):
    """Not every partition has the request; the message says what to do. To send it again does no harm."""


class Sent(NamedTuple):
    """Where Kafka has written a request: done there when the group's committed offset is above `offset`."""

    topic: str
    partition: int
    offset: int


async def send_erasures(settings: Settings, erasures: Sequence[Erase], who: str) -> list[Sent]:
    """Write each request to every partition of `sessions.in`, then its tombstone and the audit's entry, and wait
    until Kafka has all of them safe.

    The session workers pass the requests on to the memory of visitors and to the ledger, behind everything that
    they taught them before. Tombstones come after: what the sessions dropped is older. Raises ErasureError.
    """
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_servers, acks="all", enable_idempotence=True)
    try:
        async with asyncio.timeout(WITHIN_S):
            await producer.start()
            sent = await _send(producer, settings, erasures)
            for erase in erasures:
                mark = Erased(tenant=erase.tenant, mark=mark_of(erase.tenant, erase.digest))
                await producer.send_and_wait(settings.topic("erased"), encode(mark))
                await producer.send_and_wait(settings.topic("ledger.in"), encode(noted(erase, who)))
            return sent
    except (KafkaError, OSError, TimeoutError) as error:
        where = ", ".join(settings.kafka_servers)
        raise ErasureError(
            f"Kafka at {where} (CAPI_KAFKA_URL) did not take every request: start it with `make up`, or correct "
            "the address, run `capi topics plan`, then this again"
        ) from error
    finally:
        await producer.stop()


def noted(erase: Erase, who: str) -> Noted:
    """The audit's entry."""
    return Noted(
        note_id=secrets.token_hex(8),
        at_ms=time.time_ns() // 1_000_000,
        who=who,
        what="erase",
        target=shown(erase),
        tenant=erase.tenant,
    )


def shown(erase: Erase) -> str:
    """A person as the audit names them: `em 973dfe46`."""
    return f"{erase.field} {erase.digest[:SHOWN_DIGITS]}"


async def _send(producer: AIOKafkaProducer, settings: Settings, erasures: Sequence[Erase]) -> list[Sent]:
    topic = settings.topic("sessions.in")
    partitions = sorted(await producer.partitions_for(topic))
    if len(partitions) != settings.partitions:
        raise ErasureError(
            f"topic {topic} has {len(partitions)} partitions, CAPI_PARTITIONS is {settings.partitions}: "
            "correct it, or run `capi topics plan`"
        )
    answers = [
        await producer.send(topic, encode(erase), partition=partition)
        for erase in erasures
        for partition in partitions
    ]
    written: list[RecordMetadata] = await asyncio.gather(*answers)
    return [Sent(topic, one.partition, one.offset) for one in written]
