"""The changelog back into a table: streamed, so memory holds the table and one fetch."""

from __future__ import annotations

from collections.abc import Callable, Collection
from time import monotonic

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.events import UNREADABLE

log = structlog.get_logger(__name__)

Apply = Callable[[int, bytes, bytes | None], None]  # partition, key, value (None = deleted)
Refuse = Callable[[ConsumerRecord], None]
FETCH_RECORDS = 2_000
PROGRESS_S = 5.0


async def restore(
    consumer: AIOKafkaConsumer,
    tps: Collection[TopicPartition],
    apply: Apply,
    refuse: Refuse,
    progress: Callable[[int], None] = lambda records: None,
) -> int:
    """Read `tps` from their beginning to where they end now, in order; returns the number of records.
    `refuse` gets those that `apply` finds UNREADABLE.

    `consumer` has no group, reads committed and resets to earliest (seek_to_beginning after assign can lose
    against the default reset to latest). Its position counts, not the offsets delivered: the last offset of a
    transactional partition is a marker, which is never delivered. Nobody else writes: the caller fenced first.
    """
    consumer.assign(list(tps))
    ends = await consumer.end_offsets(list(tps))
    open_tps = {tp for tp in tps if ends[tp] > 0}
    count, spoken = 0, monotonic()
    while open_tps:
        for tp, records in (await consumer.getmany(timeout_ms=200, max_records=FETCH_RECORDS)).items():
            for record in records:
                try:
                    apply(tp.partition, record.key, record.value)
                except UNREADABLE:
                    refuse(record)
            count += len(records)
            progress(len(records))
        open_tps = {tp for tp in open_tps if await consumer.position(tp) < ends[tp]}
        if monotonic() - spoken > PROGRESS_S:
            spoken = monotonic()
            log.info("restoring", records=count, partitions_left=len(open_tps))
    return count
