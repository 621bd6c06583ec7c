"""`capi collect` as processes: what was answered is in Kafka, where every other client would have put it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest

from sinks.views import PORTS
from streams.events import decode_event, decode_reject
from streams.settings import Settings
from tests.kafka import eventually, fresh_settings, producer_of, read_all, topics_of
from tests.site import free_port
from tests.unit.collecting import SECRET, TENANTS, signed
from tests.workers import environment, start

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

SENDERS, SESSIONS = 8, 50


@asynccontextmanager
async def topics_for_collect(folder: Path) -> AsyncIterator[Settings]:
    (folder / "tenants.toml").write_text(TENANTS)
    settings = fresh_settings(
        tenants=folder / "tenants.toml",
        partitions=4,
        collect_port=free_port(),
        collect_health_port=free_port(),
        log_format="json",
    )
    async with topics_of(settings):
        yield settings


@contextmanager
def collectors(settings: Settings, folder: Path, number: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    env = environment(settings, SHOP_SECRET=SECRET)
    running = [start(["agents.cli", "collect"], env, folder / f"collect-{n}.log") for n in range(number)]
    try:
        yield running
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
            process.wait()


class Shop:
    """Sends until it is told to stop; `answered` are the ids of events that were taken, `sent` all."""

    def __init__(self, settings: Settings) -> None:
        self._url = f"http://127.0.0.1:{settings.collect_port}/v1/events"
        self.answered: set[str] = set()
        self.sent: set[str] = set()
        self.refused: Counter[str] = Counter()

    async def send(self, sender: int, stop: asyncio.Event) -> None:
        number = 0
        async with httpx.AsyncClient(verify=False, timeout=20) as client:
            while not stop.is_set():
                number += 1
                ids = [f"{sender}-{number}-{n}" for n in range(3)]
                self.sent |= {*ids}
                events = [
                    {"event_name": "View", "event_id": ident, "session_id": f"visit-{number % SESSIONS}"}
                    for ident in ids
                ]
                try:
                    arguments = signed(
                        json.dumps([*events, {"event_name": "View"}]).encode(), f"{sender}-{number}"
                    )
                    answer = await client.post(self._url, **arguments)
                except httpx.TransportError as error:
                    self.refused[type(error).__name__] += 1
                    continue
                if answer.status_code == 200:
                    self.answered |= {one["event_id"] for one in answer.json()["events"][:3]}
                else:
                    self.refused[str(answer.status_code)] += 1


async def test_what_was_answered_is_there_though_one_stops_and_one_is_killed(tmp_path: Path) -> None:
    async with topics_for_collect(tmp_path) as settings:
        with collectors(settings, tmp_path, 2) as running:
            await eventually(lambda: ready(settings, 2), 60)
            shop, stop = Shop(settings), asyncio.Event()
            senders = [asyncio.create_task(shop.send(number, stop)) for number in range(SENDERS)]
            await eventually(lambda: len(shop.answered) > 200, 30)
            running[0].send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(running[0].wait, 20) == 0
            assert not shop.refused.keys() - {"RemoteProtocolError", "ReadError", "ConnectError"}
            so_far = len(shop.answered)
            await eventually(lambda: len(shop.answered) > so_far + 200, 30)
            running[1].kill()
            await asyncio.to_thread(running[1].wait)
            stop.set()
            await asyncio.gather(*senders)
        events = {
            (event := decode_event(record.value)).event_id: event
            for record in await read_all(settings, settings.topic("sessions.in"))
        }
        rejects = [decode_reject(record.value) for record in await read_all(settings, settings.topic("rejects"))]
    assert shop.answered - events.keys() == set(), "lost"
    assert events.keys() - shop.sent == set(), "unexpected"
    assert len(rejects) >= len(shop.answered) / 3
    assert {(reject.topic, reject.field, reject.tenant) for reject in rejects} == {("http", "session_id", "")}
    logs = "".join(log.read_text() for log in tmp_path.glob("*.log"))
    assert SECRET not in logs and "visit-1" not in logs


async def ready(settings: Settings, number: int) -> bool:
    """Whether so many processes say so: each takes the next free health port."""
    async with httpx.AsyncClient(verify=False) as client:
        ports = range(settings.collect_health_port, settings.collect_health_port + PORTS)
        return sum([await _is_ready(client, port) for port in ports]) >= number


async def _is_ready(client: httpx.AsyncClient, port: int) -> bool:
    try:
        return (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
    except httpx.HTTPError:
        return False


async def test_records_are_keyed_and_placed_as_by_any_other_client(tmp_path: Path) -> None:
    async with topics_for_collect(tmp_path) as settings:
        with collectors(settings, tmp_path, 1):
            await eventually(lambda: ready(settings, 1), 60)
            sessions = [f"visit-{number}-é" for number in range(60)]
            events = [{"event_name": "View", "session_id": session} for session in sessions]
            async with httpx.AsyncClient(verify=False) as client:
                url = f"http://127.0.0.1:{settings.collect_port}/v1/events"
                answer = await client.post(url, **signed(json.dumps(events).encode()))
            assert answer.json()["accepted"] == 60
        topic = settings.topic("sessions.in")
        ours = {record.key: record.partition for record in await read_all(settings, topic)}
        async with producer_of(settings) as producer:
            for key in ours:
                placed = await producer.send_and_wait(settings.topic("batches"), b"x", key)
                assert placed.partition == ours[key]
    assert ours.keys() == {f"shop|{session}".encode() for session in sessions}
    assert len(set(ours.values())) == 4
