"""Sends requests to forget a person to Kafka, to every partition of the sessions' topic."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from streams.events import Erase, encode
from streams.settings import Settings

WITHIN_S = 20.0


class ErasureError(Exception):
    """Not every partition has the request; the message says what to do. To send it again does no harm."""


class Sent(NamedTuple):
    """Where Kafka has written a request: done there when the group's committed offset is above `offset`."""

    topic: str
    partition: int
    offset: int


async def send_erasures(settings: Settings, erasures: Sequence[Erase]) -> list[Sent]:
    """Write each request to every partition of `sessions.in`, and wait until Kafka has all of them safe.

    The session workers pass them on to the memory of visitors, behind everything that they taught it before.
    Raises ErasureError.
    """
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_servers, acks="all", enable_idempotence=True)
    try:
        async with asyncio.timeout(WITHIN_S):
            await producer.start()
            return await _send(producer, settings, erasures)
    except (KafkaError, OSError, TimeoutError) as error:
        where = ", ".join(settings.kafka_servers)
        raise ErasureError(
            f"Kafka at {where} (CAPI_KAFKA_URL) did not take every request: start it with `make up`, or correct "
            "the address, then run this again"
        ) from error
    finally:
        await producer.stop()


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
