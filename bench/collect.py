"""The HTTP door with and without Kafka behind it, in one run: requests of 5 events, durable before the answer.

    make up && .venv/bin/python -m bench.collect [--seconds 8] [--connections 48] [--json]

A server of each kind is a process, or two that share the port; the load comes from a process of its own, which
sends the next request on a connection when it has the answer to the last. `cpu` is the servers' CPU for a request.
The aim: 3,000 requests a second with p99 below 50 ms, on two cores shared with the broker and the load.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

import httpx
import uvloop
from rich.console import Console
from rich.table import Table

from agents.collect.events import events_part
from agents.collect.service import run_collect
from bench.door import raw_event
from sinks.deliver.heap import calm
from streams.runs import Outgoing
from streams.settings import Settings
from tests.kafka import fresh_settings, read_all, topics_of
from tests.site import free_port

KEY, ORIGIN = "pk_bench_12345678", "https://shop.example"
TENANTS = f"""
[tenants.default]
default_country = "US"
[[tenants.default.keys]]
kind = "publishable"
id = "{KEY}"
origins = ["{ORIGIN}"]
rate = 1e9
"""
EVENTS, BODIES, WARM_UP_S = 5, 4_000, 2.0
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"


class Nowhere:
    """A writer for which everything is durable at once."""

    why_not = ""

    def start(self) -> None: ...

    async def write(self, records: Sequence[Outgoing]) -> None: ...

    async def close(self) -> None: ...


class Load(NamedTuple):
    answers: int
    seconds: float
    p50_ms: float
    p99_ms: float


class Result(NamedTuple):
    kind: str
    processes: int
    requests_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


def request(number: int) -> bytes:
    """A visitor's request as it goes over the wire, about 3.5 kB."""
    visitor = (number * number) % 997
    events = [
        json.loads(raw_event(visitor, number * EVENTS + n, email=n == 0, phone=False)) for n in range(EVENTS)
    ]
    body = json.dumps({"key": KEY, "events": events}, separators=(",", ":")).encode()
    head = (
        "POST /v1/events HTTP/1.1\r\nHost: collect.shop.example\r\nContent-Type: text/plain\r\n"
        f"Origin: {ORIGIN}\r\nUser-Agent: {AGENT}\r\nAccept: */*\r\nReferer: {ORIGIN}/\r\n"
        f"Cookie: _fbp=fb.1.1794990000000.{visitor}; session=abcdef\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Visitors(asyncio.Protocol):
    """One connection: the next request when the last was answered."""

    def __init__(self, bodies: Sequence[bytes], first: int, waits: list[float]) -> None:
        self._bodies, self._next, self._waits = bodies, first, waits
        self._answer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        self._next += 1
        self._sent = time.perf_counter()
        self._transport.write(self._bodies[self._next % len(self._bodies)])

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.endswith(b"}]}"):
            return
        if not self._answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(self._answer.decode())
        self._waits.append(time.perf_counter() - self._sent)
        self._answer = b""
        self._send()


async def _load(port: int, connections: int, seconds: float) -> Load:
    bodies = [request(number) for number in range(BODIES)]
    waits: list[float] = []
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(partial(Visitors, bodies, n * 83, waits), "127.0.0.1", port)
        for n in range(connections)
    ]
    await asyncio.sleep(WARM_UP_S)
    waits.clear()
    begun = time.perf_counter()
    await asyncio.sleep(seconds)
    measured, lasted = sorted(waits), time.perf_counter() - begun
    for transport, _ in made:
        transport.abort()
    return Load(
        len(measured), lasted, statistics.median(measured) * 1e3, measured[int(len(measured) * 0.99)] * 1e3
    )


def load(port: int, connections: int, seconds: float, found: multiprocessing.SimpleQueue[Load]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found.put(runner.run(_load(port, connections, seconds)))


def serve(settings: Settings, durable: bool) -> None:
    async def until_signal() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await run_collect(settings, [events_part(settings, None if durable else Nowhere())], stop)

    calm()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_signal())


def cpu_s(pids: Sequence[int]) -> float:
    """User and system time of the processes."""
    ticks = sum(
        sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13])) for pid in pids
    )
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(settings: Settings, kind: str, processes: int, connections: int, seconds: float) -> Result:
    context = multiprocessing.get_context("spawn")
    servers = [context.Process(target=serve, args=(settings, kind == "Kafka")) for _ in range(processes)]
    for server in servers:
        server.start()
    try:
        _wait_for(settings, processes)
        found: multiprocessing.SimpleQueue[Load] = context.SimpleQueue()
        visitors = context.Process(target=load, args=(settings.collect_port, connections, seconds, found))
        pids = [server.pid for server in servers if server.pid]
        before = cpu_s(pids)
        visitors.start()
        visitors.join()
        spent, answers = cpu_s(pids) - before, found.get()
        total = answers.answers * (1 + WARM_UP_S / answers.seconds)  # the warm-up costs CPU too
        return Result(
            kind, processes, answers.answers / answers.seconds, answers.p50_ms, answers.p99_ms, spent / total * 1e6
        )
    finally:
        for server in servers:
            server.terminate()
            server.join()


def _wait_for(settings: Settings, processes: int, within_s: float = 90) -> None:
    """Until each process is ready: they take health ports one after the other."""
    deadline = time.monotonic() + within_s
    for port in range(settings.collect_health_port, settings.collect_health_port + processes):
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                raise SystemExit("the server did not get ready")
            time.sleep(0.1)


async def bench(connections: int, seconds: float) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        tenants = Path(folder) / "tenants.toml"
        tenants.write_text(TENANTS)
        settings = fresh_settings(
            tenants=tenants,
            partitions=4,
            collect_port=free_port(),
            collect_health_port=free_port(),
            collect_address_rate=1e9,
        )
        async with topics_of(settings):
            results = []
            for processes in (1, 2):
                for kind in ("nothing", "Kafka"):
                    results.append(
                        await asyncio.to_thread(measure, settings, kind, processes, connections, seconds)
                    )
            written = await read_all(settings, settings.topic("sessions.in"))
            if not written:
                raise SystemExit("nothing is in Kafka")
            return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--connections", type=int, default=48)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = asyncio.run(bench(arguments.connections, arguments.seconds))
    if arguments.json:
        print(json.dumps([result._asdict() for result in results]))
        return
    table = Table("behind the door", "processes", "requests/s", "p50 ms", "p99 ms", "cpu us/request")
    for r in results:
        table.add_row(
            r.kind,
            str(r.processes),
            f"{r.requests_per_s:.0f}",
            f"{r.p50_ms:.1f}",
            f"{r.p99_ms:.1f}",
            f"{r.cpu_us:.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
