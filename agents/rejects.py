"""What is said of a record that is not taken: to `capi.rejects`, and to the log."""

from __future__ import annotations

import structlog
from aiokafka.structs import ConsumerRecord
from msgspec import structs

from streams.events import Reject, encode
from streams.runs import Outgoing
from streams.settings import Settings

log = structlog.get_logger(__name__)


def reject_of(record: ConsumerRecord, reason: str) -> Reject:
    """Where the record is and why it was left out, never what it holds."""
    return Reject(topic=record.topic, partition=record.partition, offset=record.offset, reason=reason)


def record_of(settings: Settings, reject: Reject, partition: int | None = None) -> Outgoing:
    """For the topic of rejects. Each is a line at DEBUG only: a flood of robots floods no log."""
    log.debug("rejected", **structs.asdict(reject))
    return Outgoing(settings.topic("rejects"), None, encode(reject), partition)
