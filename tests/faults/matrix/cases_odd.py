"""The disk of Kafka's log is full; a producer's clock jumps."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from time import time

from aiokafka import AIOKafkaProducer
from aiokafka.structs import ConsumerRecord

from streams.events import UNREADABLE, Batch, decode_batch
from tests.faults.collect import arrivals
from tests.faults.matrix.arena import Arena
from tests.faults.matrix.case import case
from tests.faults.matrix.kafka import KafkaNodes
from tests.faults.matrix.services import Services, plain
from tests.faults.plan import SHOPS, Planned
from tests.kafka import eventually, read_all

DISK_BYTES, CHUNK_BYTES = 400_000_000, 1_000_000
FULL_S = 8.0
HOUR_S = 3600
JUMPS_S = (0, HOUR_S, -HOUR_S, 0)
SESSIONS, APART_S, OUT_S = 12, 0.5, 60.0


class SmallDisk(KafkaNodes):
    """One broker whose log is on a file system of its own, in memory. Mounting needs root."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 1)
        self.disk = self.data_of(0)

    def start(self) -> None:
        self.disk.mkdir(parents=True, exist_ok=True)
        size = f"size={DISK_BYTES}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "capi-faults", str(self.disk)], check=True, timeout=10)
        super().start()

    def stop(self) -> None:
        super().stop()
        if self.disk.is_mount():
            subprocess.run(["umount", "-l", str(self.disk)], check=True, timeout=10)

    def fill(self) -> Path:
        """A file that takes all there is."""
        filler = self.disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * CHUNK_BYTES)
            except OSError:
                return filler


def small_disk(folder: Path) -> Services:
    return plain(folder)._replace(kafka=SmallDisk(folder / "kafka-stack"))


@case(
    "disk full",
    "kafka",
    "the disk of Kafka's log is full: the broker refuses or dies; then there is room again",
    duplicates="in flight",
    services=small_disk,
)
async def disk_full(arena: Arena, rng: random.Random) -> None:
    assert isinstance(arena.kafka, SmallDisk)
    filler = await asyncio.to_thread(arena.kafka.fill)
    try:
        free = os.statvfs(filler)
        assert free.f_bavail == 0, "the disk is not full"
        await asyncio.sleep(FULL_S)
    finally:
        filler.unlink()
    arena.kafka.kill()  # a broker that has lost its log directory takes it back at a restart only
    await asyncio.to_thread(arena.kafka.up)


@case(
    "clock jumps",
    "input",
    "a producer's clock jumps by an hour to and fro, in events and in Kafka's own times: no window closes early",
    foreign=True,
)
async def clock_jumps(arena: Arena, rng: random.Random) -> None:
    settings = arena.settings
    names = [f"extra-c{rng.randrange(10**9)}" for _ in range(SESSIONS)]
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_servers, acks="all")
    await producer.start()
    try:
        for number, jump_s in enumerate(JUMPS_S):
            for name in names:
                event = _event(name, number)
                value, at_ms = event.raw(time() + jump_s), round(1000 * (time() + jump_s))
                await producer.send_and_wait(settings.topic("events"), value, event.key, timestamp_ms=at_ms)
            await asyncio.sleep(APART_S)
    finally:
        await producer.stop()
    wanted = {_event(name, number).event_id for name in names for number in range(len(JUMPS_S))}

    async def all_out() -> bool:
        return wanted <= set(await _batches(arena))

    await eventually(all_out, OUT_S, every_s=1)
    early = split_early(names, await _batches(arena), await _arrivals(arena), round(1000 * settings.idle_s))
    assert not early, f"windows closed early: {early}"


def _event(session_id: str, number: int) -> Planned:
    return Planned(
        event_id=f"{session_id}-{number}",
        event_name="ViewContent",
        shop=SHOPS[0],
        session_id=session_id,
        at_s=0,
        behind_s=0,
    )


async def _batches(arena: Arena) -> dict[str, str]:
    """Event id -> batch id."""
    return {
        enriched.event.event_id: batch.batch_id
        for batch in map(_batch, [record.value for record in await _read(arena, "batches")])
        if batch is not None
        for enriched in batch.events
    }


def _batch(value: bytes | None) -> Batch | None:
    try:
        return decode_batch(value or b"")
    except UNREADABLE:
        return None  # another case put it there


async def _arrivals(arena: Arena) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for record in await _read(arena, "sessions.in"):
        try:
            found |= arrivals([record])
        except UNREADABLE:
            continue
    return found


async def _read(arena: Arena, topic: str) -> list[ConsumerRecord]:
    return await read_all(arena.settings, arena.settings.topic(topic))


def split_early(
    sessions: Sequence[str], batches: Mapping[str, str], log: Mapping[str, Sequence[int]], idle_ms: int
) -> list[str]:
    """Events that left in another batch than the one before, with less than `idle_ms` of the log between them."""
    found = []
    for name in sessions:
        ids = [f"{name}-{number}" for number in range(len(JUMPS_S))]
        for before, after in pairwise(ids):
            close = log[after][0] - log[before][0] < idle_ms
            if close and batches[before] != batches[after]:
                found.append(after)
    return found
