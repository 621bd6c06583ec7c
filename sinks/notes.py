"""Writes one entry of the audit to Kafka, for commands: durable when `write_note` returns."""

from __future__ import annotations

import asyncio
import secrets
import time

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.events import Noted, encode
from streams.redaction import redact
from streams.settings import Settings

WITHIN_S = 10.0


class NoteError(Exception):
    """The audit does not have the entry, or it is not known that it has."""


def note_of(who: str, what: str, target: str, *, tenant: str = "", why: str = "", result: str = "") -> Noted:
    """An entry of now. No personal data in any of it: somebody's own reason is redacted."""
    return Noted(
        note_id=secrets.token_hex(8),
        at_ms=time.time_ns() // 1_000_000,
        who=who,
        what=what,
        target=target,
        tenant=tenant,
        why=redact(why),
        result=result,
    )


async def write_note(settings: Settings, note: Noted) -> None:
    """Raises NoteError."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_servers, acks="all", enable_idempotence=True)
    try:
        async with asyncio.timeout(WITHIN_S):
            await producer.start()
            await producer.send_and_wait(settings.topic("ledger.in"), encode(note))
    except (KafkaError, OSError, TimeoutError) as error:
        raise NoteError(
            f"the audit could not be written: Kafka does not take it ({type(error).__name__})"
        ) from error
    finally:
        await producer.stop()
