"""The way of batches at a client site: to the central site, which makes jobs of them. Destinations and tokens of
the tenants are there; this site's file needs neither."""

from __future__ import annotations

import time
from collections.abc import Sequence

from aiokafka.structs import ConsumerRecord

from agents.batch_jobs import rejects_of, source_of
from agents.rejects import record_of
from sinks.gateway import Gateway
from sinks.gateway.verdict import Refusal
from sinks.traces import Attributes, Traces, traces_of
from streams.events import UNREADABLE, Batch, Reject, decode_batch
from streams.runs import Outgoing
from streams.settings import Settings


class ToCentre:
    def __init__(self, settings: Settings) -> None:
        self._settings, self._gateway = settings, Gateway(settings)
        self._traces = traces_of(settings, "dispatch")

    async def hand_over(self, records: Sequence[ConsumerRecord]) -> Sequence[Outgoing]:
        """Returns when the centre has answered for each."""
        start_ms = _now_ms()
        refusals = await self._gateway.send([record.value or b"" for record in records])
        if self._traces is not None:
            _trace(self._traces, records, start_ms, _now_ms())
        return [
            record_of(self._settings, reject)
            for record, refusal in zip(records, refusals, strict=True)
            if refusal is not None
            for reject in _given_up(record, refusal)
        ]

    async def close(self) -> None:
        await self._gateway.close()


def _given_up(record: ConsumerRecord, refusal: Refusal) -> Sequence[Reject]:
    source, batch = source_of(record), _read(record)
    return [source.reject(*refusal)] if batch is None else rejects_of(batch, source, *refusal)


def _trace(traces: Traces, records: Sequence[ConsumerRecord], start_ms: int, end_ms: int) -> None:
    """Read for it alone: the gateway sends batches as the bytes that they are."""
    for batch in filter(None, map(_read, records)):
        what: Attributes = {"capi.batch_id": batch.batch_id}
        for enriched in batch.events:
            traces.tell("gateway", batch.tenant, enriched.event.event_id, start_ms, end_ms, what)


def _read(record: ConsumerRecord) -> Batch | None:
    try:
        return decode_batch(record.value or b"")
    except UNREADABLE:
        return None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
