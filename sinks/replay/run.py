"""Send again what left a session and was never acknowledged by its platform."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from time import monotonic

from aiokafka.structs import ConsumerRecord

from sinks.jobs import jobs
from sinks.rabbit import Publisher
from sinks.replay.fate import Fate, Known, fate
from sinks.replay.fresh import replayed
from sinks.replay.slices import Slice
from sinks.replay.wanted import Wanted
from sinks.topology import EXCHANGE_EVENTS
from streams.events import UNREADABLE, Batch, Job, decode_batch, decode_outcome
from streams.settings import Settings
from streams.tenants import Tenant
from streams.tombstones import Tombstones

CHUNK = 200

Counts = Counter[tuple[Fate, str, str]]  # fate, platform, pixel


class Replay:
    """`run` it once. Two readings: all outcomes since then, of which 8 bytes a job are kept, then the batches.

    Without a publisher nothing is sent. `counts` are of the jobs by fate; `sent` were confirmed by RabbitMQ;
    `unreadable` records were no batch. `progress(read, total)` is called now and then.
    """

    def __init__(
        self,
        settings: Settings,
        tenant: Tenant,
        wanted: Wanted,
        since_ms: int,
        until_ms: int = 0,
        *,
        publisher: Publisher | None = None,
        per_second: float = 0,
    ) -> None:
        self._settings, self._tenant, self._wanted = settings, tenant, wanted
        self._since_ms, self._until_ms = since_ms, until_ms
        self._publisher, self._per_second = publisher, per_second
        self.progress: Callable[[int, int], None] = lambda _read, _total: None
        self._chunk_size = max(1, min(CHUNK, round(per_second))) if per_second else CHUNK
        self._key = f"{wanted.tenant}|".encode()
        self._chunk: list[Job] = []
        self._started_ms = time.time_ns() // 1_000_000
        self.counts: Counts = Counter()
        self.sent = self.unreadable = 0
        self.from_ms = since_ms

    async def run(self) -> None:
        """Raises SliceError and PublishError; run it again then: what was sent is not delivered twice."""
        known = await self._known()
        self._sending_since_s = monotonic()
        topic = self._settings.topic("batches")
        async with Slice(self._settings, topic, self._since_ms, self._until_ms) as batches:
            self.from_ms, read = batches.from_ms, 0
            async for record in batches.records():
                read += 1
                await self._take(record, known)
                self.progress(read, batches.total)
        await self._send()

    async def _known(self) -> Known:
        tombstones = await self._tombstones()
        async with Slice(self._settings, self._settings.topic("outcomes"), self._since_ms) as outcomes:
            known = Known(outcomes.from_ms, tombstones=tombstones)
            async for record in outcomes.records():
                if not self._is_ours(record):
                    continue
                try:
                    known.learn(decode_outcome(record.value or b""))
                except UNREADABLE:
                    self.unreadable += 1
        return known

    async def _tombstones(self) -> Tombstones:
        tombstones = Tombstones()
        async with Slice(self._settings, self._settings.topic("erased"), self._since_ms) as erased:
            async for record in erased.records():
                tombstones.learn(record.value or b"", record.timestamp)
        return tombstones

    def _is_ours(self, record: ConsumerRecord) -> bool:
        return bytes(record.key or b"").startswith(self._key)

    async def _take(self, record: ConsumerRecord, known: Known) -> None:
        if not self._is_ours(record):
            return
        try:
            batch = decode_batch(record.value or b"")
        except UNREADABLE:
            self.unreadable += 1
            return
        for job in self._to_send(batch, known):
            self._chunk.append(job)
            if len(self._chunk) >= self._chunk_size:
                await self._send()

    def _to_send(self, batch: Batch, known: Known) -> Iterator[Job]:
        now_ms = time.time_ns() // 1_000_000
        for checked in jobs(batch, self._tenant, now_ms):
            job = checked.job
            if self._wanted.takes(job):
                found = fate(checked, batch.flushed_at_ms, known, now_ms, self._settings)
                self.counts[found, job.platform, job.pixel_id] += 1
                if found == "send":
                    yield job

    async def _send(self) -> None:
        chunk, self._chunk = self._chunk, []
        if self._publisher is None or not chunk:
            return
        await self._publisher.publish(EXCHANGE_EVENTS, [replayed(job, self._started_ms) for job in chunk])
        self.sent += len(chunk)
        if self._per_second:
            await asyncio.sleep(self._sending_since_s + self.sent / self._per_second - monotonic())
