"""The ledger worker's CPU an event, next to an agent that reads the same and does nothing.

    make up && .venv/bin/python -m bench.ledger [--events 20000]

Real Kafka at CAPI_KAFKA_URL, topics of its own. Loaded first: batches of five events, for each a Queued with two
jobs an event, and an outcome for each job. Counted from the first progress that Kafka has to the last.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from streams.events import (
    Batch,
    Enriched,
    Event,
    Outcome,
    Queued,
    QueuedJob,
    Record,
    UserData,
    encode,
    session_key,
)
from streams.settings import Settings
from tests.kafka import committed_offsets, fresh_settings, producer_of, read_all, topics_of
from tests.workers import environment, start, stop

MODULES = {"ledger": "agents.ledger", "nothing": "bench.ledger_nothing"}
PLATFORMS = (("meta", "1111111111"), ("tiktok", "CTESTPIXEL"))
IN_BATCH, POLL_S, WITHIN_S, TICKS = 5, 0.2, 120, os.sysconf("SC_CLK_TCK")
TOPICS = ("batches", "ledger.in", "outcomes")
USER = UserData(em=("a" * 64,), ph=("b" * 64,), fbp="fb.1.1700000000000.123", client_ip="192.0.2.7")


class Speed(NamedTuple):
    events_per_s: float
    cpu_us: float
    rss_mb: float


def told(number: int, now_ms: int) -> Iterator[tuple[str, Record]]:
    """All that is heard of one batch."""
    tenant, session, batch_id = "default", f"session-{number:08d}", f"{number:032x}"
    events = [event(f"{number:08d}-{n:027d}", tenant, session, now_ms) for n in range(IN_BATCH)]
    yield (
        "batches",
        Batch(
            batch_id=batch_id,
            tenant=tenant,
            session_id=session,
            reason="idle",
            partition=0,
            first_offset=number,
            opened_at_ms=now_ms,
            flushed_at_ms=now_ms,
            events=tuple(events),
        ),
    )
    jobs = [(platform, pixel, one.event.event_id) for one in events for platform, pixel in PLATFORMS]
    queued = tuple(QueuedJob(platform, pixel, event_id, "ViewContent", 6.5) for platform, pixel, event_id in jobs)
    yield "ledger.in", Queued(batch_id=batch_id, tenant=tenant, session_id=session, at_ms=now_ms, jobs=queued)
    for platform, pixel, event_id in jobs:
        yield (
            "outcomes",
            Outcome(
                job_id=f"{platform}:{pixel}:ViewContent:{event_id}",
                tenant=tenant,
                session_id=session,
                platform=platform,
                pixel_id=pixel,
                event_id=event_id,
                event_name="ViewContent",
                attempt=1,
                outcome="delivered",
                at_ms=now_ms,
                http_status=200,
                latency_ms=80,
                age_ms=5_000,
            ),
        )


def event(event_id: str, tenant: str, session: str, now_ms: int) -> Enriched:
    made = Event(
        event_id=event_id,
        event_name="ViewContent",
        event_time_ms=now_ms,
        tenant=tenant,
        session_id=session,
        user=USER,
    )
    return Enriched(event=made, backfilled={"em": "first"}, at_ms=now_ms)


async def load(settings: Settings, events: int) -> None:
    now_ms = time.time_ns() // 1_000_000
    async with producer_of(settings, linger_ms=20, max_batch_size=262_144) as producer:
        for number in range(events // IN_BATCH):
            key = session_key("default", f"session-{number:08d}")
            for name, record in told(number, now_ms):
                await producer.send(settings.topic(name), encode(record), key)


async def read(settings: Settings, role: str) -> int:
    """Records that the role has read of all topics."""
    offsets = [
        await committed_offsets(settings, f"{settings.namespace}-{role}", settings.topic(t)) for t in TOPICS
    ]
    return sum(offset or 0 for topic in offsets for offset in topic.values())


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def measure(settings: Settings, role: str, events: int, records: int) -> Speed:
    with tempfile.TemporaryDirectory() as folder:
        env = environment(settings, CAPI_CONSOLE_PORT="0", CAPI_METRICS_PORT="0", CAPI_TICK_S="600")
        log = Path(folder) / "worker.log"
        worker = start(["faust", "-A", MODULES[role], "worker", "-l", "warn"], env, log)
        try:
            deadline = time.monotonic() + WITHIN_S
            while (first := await read(settings, role)) == 0:
                await pause(deadline, log)
            began_s, began_cpu = time.monotonic(), cpu_s(worker.pid)
            while await read(settings, role) < records:
                await pause(deadline, log)
            share = events * (records - first) / records
            return Speed(
                share / (time.monotonic() - began_s),
                (cpu_s(worker.pid) - began_cpu) / share * 1e6,
                rss_mb(worker.pid),
            )
        finally:
            stop(worker)


async def pause(deadline_s: float, log: Path) -> None:
    if time.monotonic() > deadline_s:
        raise SystemExit(f"not done within {WITHIN_S} s\n{log.read_text()}")
    await asyncio.sleep(POLL_S)


async def main(events: int) -> None:
    settings = fresh_settings(session_timeout_s=6)
    async with topics_of(settings):
        await load(settings, events)
        records = sum([len(await read_all(settings, settings.topic(topic))) for topic in TOPICS])
        for role in MODULES:
            speed = await measure(settings, role, events, records)
            print(
                f"{role:8} {speed.events_per_s:8.0f} events/s {speed.cpu_us:7.0f} us of CPU an event "
                f"({records / events:.1f} records an event) {speed.rss_mb:5.0f} MB"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    asyncio.run(main(parser.parse_args().events))
