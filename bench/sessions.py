"""The session worker over runs of records against a plain Faust agent with the same rules, in one run.

    make up && .venv/bin/python -m bench.sessions [--rounds 3] [--json]

Real Kafka at CAPI_KAFKA_URL, topics of its own. Events of 1 kB in Zipf-sized sessions, 5 % purchases, are loaded
first; then a worker of each kind reads them, in turns. Counted from the first progress that Kafka has (so without
the start) to the last: events a second, and CPU of the worker an event. Medians; the ratio is the result.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from streams.events import Event, UserData, encode
from streams.settings import Settings
from tests.kafka import committed_offsets, fresh_settings, producer_of, topics_of
from tests.workers import environment, start, stop

SESSIONS, PURCHASES, POLL_S, WITHIN_S = 20_000, 0.05, 0.2, 180
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"


class Way(NamedTuple):
    module: str
    events: int  # the slow way gets fewer, so that both take some seconds


WAYS = {
    "plain Faust agent": Way("tests.faults.stock_sessions", 15_000),
    "runs, one transaction each": Way("agents.sessions", 120_000),
}


class Speed(NamedTuple):
    events_per_s: float
    cpu_us: float
    rss_mb: float


def event(number: int, rng: random.Random) -> Event:
    bought = rng.random() < PURCHASES
    item = {"id": f"{number % 5_000}", "quantity": 1, "item_price": 12.5}
    return Event(
        event_id=f"{number:036d}",
        event_name="Purchase" if bought else "ViewContent",
        event_time_ms=1_700_000_000_000 + number,
        tenant="default",
        session_id=f"visit-{int(SESSIONS * rng.random() ** 2)}",
        event_source_url="https://shop.example.com/products/a-name-of-some-length/12345?ref=home",
        user=UserData(
            client_ip="192.0.2.1",
            client_user_agent=AGENT,
            fbp="fb.1.1700000000000.1234567890",
            em=("a" * 64,) if bought else (),
        ),
        custom_data={"value": 12.5, "currency": "EUR", "contents": [item], "content_type": "product"},
    )


async def load(settings: Settings, count: int) -> None:
    rng = random.Random(1)
    async with producer_of(settings, linger_ms=20, max_batch_size=1_000_000) as producer:
        for number in range(count):
            one = event(number, rng)
            await producer.send(settings.topic("sessions.in"), encode(one), one.key)


async def measure(way: Way, folder: Path, **more: Any) -> Speed:
    """`more` are settings of this worker."""
    settings = fresh_settings(partitions=4, **more)
    async with topics_of(settings):
        await load(settings, way.events)
        command = ["faust", "-A", way.module, "worker", "-l", "warn", "--without-web"]
        worker = start(command, environment(settings), folder / "worker.log")
        try:
            return await watch(settings, worker, way.events)
        finally:
            stop(worker, within_s=10)


async def watch(settings: Settings, worker: subprocess.Popen[bytes], count: int) -> Speed:
    group, topic = f"{settings.namespace}-sessions", settings.topic("sessions.in")
    deadline_s, first = time.monotonic() + WITHIN_S, None
    while time.monotonic() < deadline_s:
        done = sum(offset or 0 for offset in (await committed_offsets(settings, group, topic)).values())
        now = (done, time.monotonic(), cpu_s(worker.pid))
        if first is None and done:
            first = now
        if first is not None and done >= count and done > first[0]:
            events = done - first[0]
            return Speed(events / (now[1] - first[1]), (now[2] - first[2]) / events * 1e6, peak_mb(worker.pid))
        await asyncio.sleep(POLL_S)
    raise SystemExit(f"not done within {WITHIN_S} s; is Kafka up (make up)?")


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found: dict[str, list[Speed]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory(prefix="bench-sessions-") as folder:
        for number in range(asked.rounds):
            for name, way in WAYS.items():
                print(f"round {number + 1} of {asked.rounds}: {name}", file=sys.stderr)
                found[name].append(await measure(way, Path(folder)))
    show(
        {name: Speed(*map(statistics.median, zip(*speeds, strict=True))) for name, speeds in found.items()},
        asked.json,
    )


def show(medians: dict[str, Speed], as_json: bool) -> None:
    base = next(iter(medians.values()))
    if as_json:
        print(json.dumps({name: speed._asdict() for name, speed in medians.items()}))
        return
    table = Table("way", "events/s", "CPU us/event", "peak MB", "ratio of CPU")
    for name, speed in medians.items():
        cells = (f"{speed.events_per_s:,.0f}", f"{speed.cpu_us:.0f}", f"{speed.rss_mb:.0f}")
        table.add_row(name, *cells, f"{base.cpu_us / speed.cpu_us:.1f}")
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
