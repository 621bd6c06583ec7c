"""The console while its ledger worker reads 5,000 events/s: how long pages take, next to the same without load.

    make up && .venv/bin/python -m bench.console [--events 100000] [--rate 5000] [--seconds 30] [--json]

Real Kafka, one ledger worker with `--events` in its book. Each event comes with its share of a batch and of a
Queued, and with two outcomes: 2.4 records. A producer of its own process sends at the clock's pace, whatever the
worker does. Somebody who is logged in asks for the pages in turn, at the clock's pace too: waits count from when a
request was due. `behind` is what the worker had not yet read at the end, in events. Session workers are away.
Kafka, producer, worker and client share the machine: where less is sent than was asked for, it was too small.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import multiprocessing
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

import httpx
from rich.console import Console
from rich.table import Table

from agents.access.user_file import changing
from agents.access.users import Account
from bench.ledger import IN_BATCH, cpu_s, load, read, told
from streams.events import encode, session_key
from streams.settings import Settings
from tests.kafka import eventually, fresh_settings, producer_of, topics_of
from tests.site import TENANTS, free_port
from tests.unit.console.desk import PASSWORD, password_hash
from tests.workers import environment, start, stop

AWAY = "/sessions"  # says that nobody answers, and how long it takes to say so is what counts
PAGES = ("/", "/live", "/trace", "/quality", "/audit", AWAY)
RECORDS, REQUESTS_PER_S, TURN_S, WARM_UP_S, WITHIN_S = 2.4, 6, 0.02, 3.0, 90


class Waits(NamedTuple):
    """Of one page under one load, milliseconds."""

    page: str
    rate: float
    requests: int
    p50_ms: float
    p95_ms: float
    max_ms: float
    ratio: float  # of the p95 to that without load


class Load(NamedTuple):
    """As it was. `batches` were sent in all, `sent_per_s` events while pages were asked for; `cpu` is the worker's
    part of a core."""

    rate: float
    batches: int
    sent_per_s: float
    cpu: float
    behind: float


Phase = tuple[Load, dict[str, list[float]]]  # and milliseconds by page


def produce(settings: Settings, rate: float, first: int, sent: Any) -> None:
    asyncio.run(_produce(settings, rate, first, sent))


async def _produce(settings: Settings, rate: float, first: int, sent: Any) -> None:
    """Batches from number `first` on, those that are due by the clock; `sent` counts them for both processes."""
    begun = time.monotonic()
    async with producer_of(settings, linger_ms=5, max_batch_size=262_144) as producer:
        while True:
            for number in range(sent.value, int((time.monotonic() - begun) * rate / IN_BATCH)):
                key = session_key("default", f"session-{first + number:08d}")
                for name, record in told(first + number, time.time_ns() // 1_000_000):
                    await producer.send(settings.topic(name), encode(record), key)
                sent.value = number + 1
            await asyncio.sleep(TURN_S)


@asynccontextmanager
async def logged_in(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=settings.console_url, timeout=WITHIN_S, trust_env=False) as client:
        token = re.search(r'name="csrf" value="([^"]+)"', (await client.get("/login")).text)
        form = {"name": "ada", "password": PASSWORD, "csrf": token[1] if token else ""}
        if (await client.post("/login", data=form)).status_code != httpx.codes.SEE_OTHER:
            raise SystemExit("the console lets nobody in")
        yield client


async def visit(client: httpx.AsyncClient, events: int, seconds: float) -> dict[str, list[float]]:
    """Asks for one page after the other, without waiting for the answers. Milliseconds by page."""
    waits: dict[str, list[float]] = {page: [] for page in PAGES}
    begun, asked = time.perf_counter(), list[asyncio.Task[None]]()
    for number, page in zip(range(int(seconds * REQUESTS_PER_S)), itertools.cycle(PAGES), strict=False):
        due = begun + number / REQUESTS_PER_S
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        batch = number * 997 % (events // IN_BATCH)
        params = {"event_id": f"{batch:08d}-{0:027d}"} if page == "/trace" else {}
        asked.append(asyncio.create_task(_get(client, page, params, due, waits[page])))
    await asyncio.gather(*asked)
    return waits


async def _get(
    client: httpx.AsyncClient, page: str, params: dict[str, str], due: float, waits: list[float]
) -> None:
    answer = await client.get(page, params=params)
    if not (answer.is_success or page == AWAY):
        raise SystemExit(f"{page} answered {answer.status_code}")
    waits.append((time.perf_counter() - due) * 1e3)


async def phase(settings: Settings, pid: int, rate: float, first: int, asked: argparse.Namespace) -> Phase:
    """`first`: how many batches were sent before. A load of 0 sends nothing."""
    print(f"{rate:,.0f} events/s for {asked.seconds:.0f} s", file=sys.stderr)
    context = multiprocessing.get_context("spawn")
    sent = context.Value("q", 0)
    producer = context.Process(target=produce, args=(settings, rate, first, sent), daemon=True)
    producer.start()
    try:
        async with logged_in(settings) as client:
            await visit(client, asked.events, WARM_UP_S)
            before, spent_s, begun = sent.value, cpu_s(pid), time.monotonic()
            waits = await visit(client, asked.events, asked.seconds)
            lasted, spent_s, known = time.monotonic() - begun, cpu_s(pid) - spent_s, sent.value
            behind = (first + known) * IN_BATCH - await read(settings, "ledger") / RECORDS
    finally:
        producer.terminate()
        producer.join()
    return Load(rate, known, (known - before) * IN_BATCH / lasted, spent_s / lasted, max(0.0, behind)), waits


async def caught_up(settings: Settings, batches: int) -> None:
    """The worker answers, and has read everything."""
    async with httpx.AsyncClient(base_url=settings.console_url, trust_env=False) as client:

        async def there() -> bool:
            try:
                answers = (await client.get("/login")).is_success
            except httpx.TransportError:
                return False
            return answers and await read(settings, "ledger") >= batches * IN_BATCH * RECORDS

        await eventually(there, WITHIN_S, 0.5)


async def bench(folder: Path, asked: argparse.Namespace) -> list[Phase]:
    port = free_port()
    settings = fresh_settings(
        tenants=folder / "tenants.toml",
        console_port=port,
        console_url=f"http://127.0.0.1:{port}",
        console_users=folder / "users.toml",
        internal_secret=f"file:{folder / 'internal.secret'}",
        sessions_url=f"http://127.0.0.1:{free_port()}",
        ledger_events=10**7,
    )
    settings.tenants.write_text(TENANTS)
    with changing(settings.console_users) as accounts:
        accounts["ada"] = Account("admin", password_hash())
    async with topics_of(settings):
        print(f"{asked.events:,} events into Kafka", file=sys.stderr)
        await load(settings, asked.events)
        log = folder / "worker.log"
        worker = start(
            ["faust", "-A", "agents.ledger", "worker", "-l", "warn"],
            environment(settings, TEST_TOKEN=token_hex(8)),
            log,
        )
        try:
            batches, found = asked.events // IN_BATCH, list[Phase]()
            print("and into the book", file=sys.stderr)
            await caught_up(settings, batches)
            for rate in (0, asked.rate / 2, asked.rate):
                found.append(await phase(settings, worker.pid, rate, batches, asked))
                batches += found[-1][0].batches
            return found
        finally:
            stop(worker)


def waits_of(phases: list[Phase]) -> list[Waits]:
    quiet = {page: quantile(waits, 0.95) for page, waits in phases[0][1].items()}
    return [_waits(page, load.rate, waits[page], quiet[page]) for page in PAGES for load, waits in phases]


def _waits(page: str, rate: float, ms: list[float], quiet_ms: float) -> Waits:
    p95_ms = quantile(ms, 0.95)
    return Waits(page, rate, len(ms), statistics.median(ms), p95_ms, max(ms), p95_ms / quiet_ms)


def quantile(values: list[float], part: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(part * 100) - 1]


def show(phases: list[Phase], as_json: bool) -> None:
    if as_json:
        loads_of = [load._asdict() for load, _ in phases]
        print(json.dumps({"loads": loads_of, "pages": [waits._asdict() for waits in waits_of(phases)]}))
        return
    loads = Table("events/s", "sent/s", "worker's CPU", "behind, events")
    for one, _ in phases:
        loads.add_row(f"{one.rate:,.0f}", f"{one.sent_per_s:,.0f}", f"{one.cpu:.0%}", f"{one.behind:,.0f}")
    pages = Table("page", "events/s", "requests", "p50 ms", "p95 ms", "max ms", "p95 to no load")
    for page, rate, requests, *ms, ratio in waits_of(phases):
        pages.add_row(page, f"{rate:,.0f}", str(requests), *(f"{each:.0f}" for each in ms), f"{ratio:.1f}")
    Console().print(loads, pages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=5_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-console-") as folder:
        show(asyncio.run(bench(Path(folder), asked)), asked.json)


if __name__ == "__main__":
    main()
