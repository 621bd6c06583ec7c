"""The way of batches at a client site: to the central site, which makes jobs of them. Destinations and tokens of
the tenants are there; this site's file needs neither. Whom this site has erased does not leave it any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from aiokafka.structs import ConsumerRecord

from agents.batch_jobs import rejects_of, source_of
from agents.rejects import record_of
from sinks.gateway import Gateway
from sinks.gateway.verdict import Refusal
from sinks.tombstones import TombstoneReader
from sinks.traces import Attributes, Traces, traces_of
from streams.events import UNREADABLE, Batch, Event, Reject, decode_batch, encode
from streams.runs import Outgoing
from streams.settings import Settings
from streams.tombstones import ERASED, Tombstones


class ToCentre:
    def __init__(self, settings: Settings) -> None:
        self._settings, self._gateway = settings, Gateway(settings)
        self._traces = traces_of(settings, "dispatch")
        self._reader: TombstoneReader | None = None

    async def hand_over(self, records: Sequence[ConsumerRecord]) -> Sequence[Outgoing]:
        """Returns when the centre has answered for each."""
        start_ms, leaving = _now_ms(), Leaving(await self._tombstones())
        refusals = await self._gateway.send([record.value or b"" for record in records], leaving.of)
        if self._traces is not None:
            _trace(self._traces, records, refusals, start_ms, _now_ms())
        rejects = [
            reject
            for record, refusal in zip(records, refusals, strict=True)
            for reject in (*leaving.rejects(record), *(_given_up(record, refusal) if refusal else ()))
        ]
        return [record_of(self._settings, reject) for reject in rejects]

    async def _tombstones(self) -> Tombstones:
        """Returns when it is known who was erased."""
        if self._reader is None:
            self._reader = TombstoneReader(self._settings)
        await self._reader.start(asyncio.Event())
        return self._reader.tombstones

    async def close(self) -> None:
        await self._gateway.close()
        if self._reader is not None:
            await self._reader.close()


class Leaving:
    """What of batches may leave, asked before each POST: one may wait for hours, and a person be erased then."""

    def __init__(self, tombstones: Tombstones) -> None:
        self._tombstones = tombstones
        self._dropped: dict[bytes, tuple[Event, ...]] = {}

    def of(self, batch: bytes) -> bytes:
        """The batch without events of who was erased since it left its session, b"" when none is left."""
        read = _read(batch) if len(self._tombstones) else None
        if read is None:
            return batch
        kept, self._dropped[batch] = self._tombstones.split(read)
        return batch if kept is read else encode(kept) if kept else b""

    def rejects(self, record: ConsumerRecord) -> Sequence[Reject]:
        """Of what did not leave."""
        return [
            source_of(record).reject(ERASED, event=event) for event in self._dropped.get(record.value or b"", ())
        ]


def _given_up(record: ConsumerRecord, refusal: Refusal) -> Sequence[Reject]:
    source, batch = source_of(record), _read(record.value or b"")
    return [source.reject(*refusal)] if batch is None else rejects_of(batch, source, *refusal)


def _trace(
    traces: Traces,
    records: Sequence[ConsumerRecord],
    refusals: Sequence[Refusal | None],
    start_ms: int,
    end_ms: int,
) -> None:
    """Read for it alone: the gateway sends batches as the bytes that they are."""
    for record, refusal in zip(records, refusals, strict=True):
        batch = _read(record.value or b"")
        if batch is None:
            continue
        what: Attributes = {"capi.batch_id": batch.batch_id}
        for event in (enriched.event for enriched in batch.events):
            failed = refusal is not None
            traces.tell("gateway", event.tenant, event.event_id, start_ms, end_ms, what, failed=failed)


def _read(batch: bytes) -> Batch | None:
    try:
        return decode_batch(batch)
    except UNREADABLE:
        return None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
