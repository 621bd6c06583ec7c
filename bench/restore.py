"""kill -9 of a session worker that holds open events, until another is ready: ours and Kafka Streams.

    make bench NAME=restore
    .venv/bin/python -m bench.restore [--events 1000000] [--in-session 20] [--rounds 5] [--ways …] [--json]

Both have their state in memory and a changelog in Kafka. Events that nothing releases are loaded and read, then
the worker is killed. When the group has forgotten it (that wait is Kafka's, and left out), one more record is sent
to each partition and another is started. `ready s` is from its start to the progress past those, so with the start
of the process. Changelog records, and the time from the first to the last, are what each tells of itself; `CPU s`
and `peak MB` are the new process's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from bench import frame
from bench.baselines import jvm
from bench.processes import peak_mb
from bench.progress import ends_of, progress_of
from bench.session_events import even, load
from bench.session_ways import WAYS, Way, session_settings, working
from deploy.stack.program import StackError
from sinks.kafka_admin import kafka_admin
from streams.events import Tick, encode
from streams.settings import Settings
from tests.kafka import producer_of, topics_of
from tests.site import free_port

WITHIN_S, SESSION_TIMEOUT_S, IN_SESSION = 900.0, 6.0, 20
WAYS_HERE = ("streams-eos-100ms", "ours")


class Restored(NamedTuple):
    records: float
    took_s: float


async def measure(way: Way, events: int, in_session: int) -> frame.Figures:
    with tempfile.TemporaryDirectory(prefix="bench-restore-") as made:
        folder = Path(made)
        port = free_port()
        settings = session_settings(folder, session_timeout_s=SESSION_TIMEOUT_S, metrics_port=port)
        async with topics_of(settings):
            await load(settings, even(events // in_session, in_session))
            with working(way, settings, folder) as worker:
                await caught_up(settings, worker.pid)
                worker.kill()
                worker.wait()
            await forgotten(settings)
            await tick(settings)
            (folder / "worker.log").unlink()
            return await started(way, settings, folder)


async def started(way: Way, settings: Settings, folder: Path) -> frame.Figures:
    began_s = time.monotonic()
    with working(way, settings, folder) as worker:
        used_s = await caught_up(settings, worker.pid)
        ready_s = time.monotonic() - began_s
        restored = told(settings, folder)
        return {
            "ready s": ready_s,
            "changelog records": restored.records,
            "restore s": restored.took_s,
            "records/s": restored.records / max(restored.took_s, 0.001),
            "CPU s": used_s,
            "peak MB": peak_mb(worker.pid),
        }


async def caught_up(settings: Settings, pid: int) -> float:
    """CPU seconds of the process when it has read everything that is there now."""
    ends = await ends_of(settings, "sessions.in")
    async with progress_of(settings, ends, pid) as progress:
        return (await progress.until(lambda look: look.done == sum(ends.values()), WITHIN_S)).cpu_s


async def forgotten(settings: Settings) -> None:
    """Until the group has no member."""
    group = f"{settings.namespace}-sessions"
    async with asyncio.timeout(WITHIN_S), kafka_admin(settings.kafka_servers) as admin:
        while await members(admin, group):  # noqa: ASYNC110  Kafka tells nobody
            await asyncio.sleep(0.2)


async def members(admin: Any, group: str) -> Sequence[object]:
    (answer,) = await admin.describe_consumer_groups([group])
    found: Sequence[object] = answer.groups[0][5]
    return found


async def tick(settings: Settings) -> None:
    """Something to read for the new worker in each partition, that changes nothing."""
    async with producer_of(settings) as producer:
        for partition in range(settings.partitions):
            await producer.send_and_wait(settings.topic("sessions.in"), encode(Tick()), partition=partition)


def told(settings: Settings, folder: Path) -> Restored:
    """What the worker says of its restore: ours by its metrics, Kafka Streams in its log."""
    for line in reversed((folder / "worker.log").read_text().splitlines()):
        if line.startswith('{"restored"'):
            found = json.loads(line)
            return Restored(found["restored"], found["took_ms"] / 1000)
    text = httpx.get(f"http://127.0.0.1:{settings.metrics_port}/metrics").text
    return Restored(value(text, "capi_restored_records_total"), value(text, "capi_restore_seconds_sum"))


def value(metrics: str, name: str) -> float:
    return sum(float(found) for found in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", metrics, re.MULTILINE))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--in-session", type=int, default=IN_SESSION)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ways", default=",".join(WAYS_HERE), help="Those of %(default)s, by commas.")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    ways = asked.ways.split(",")
    if any(name.startswith("streams") for name in ways):
        jvm.built()

    async def one(name: str) -> frame.Figures:
        return await measure(WAYS[name], asked.events, asked.in_session)

    found = await frame.in_turns(ways, asked.rounds, False, one)
    frame.show("after kill -9", frame.with_ratios(found, "ready s", ways[0]), asked.json)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except StackError as error:
        raise SystemExit(str(error)) from None
