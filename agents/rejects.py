"""What an agent says of a record that should not be in its topic."""

from __future__ import annotations

from aiokafka.structs import ConsumerRecord

from streams.events import Reject


def reject_of(record: ConsumerRecord, reason: str) -> Reject:
    """Where the record is and why it was left out, never what it holds."""
    return Reject(topic=record.topic, partition=record.partition, offset=record.offset, reason=reason)
