"""Connections: how many, how slow, what is no HTTP, and how a collector ends."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from agents.collect import body
from agents.collect.events import events_part
from agents.collect.service import run_collect
from streams.runs import Outgoing
from tests.kafka import eventually
from tests.site import free_port
from tests.unit.collecting import KEY, LEAST, PAGE, Collector, Kept, collect_settings, collecting, reachable

HEAD = (
    "POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
    f"Origin: {PAGE}\r\nUser-Agent: Mozilla/5.0\r\n"
)


@asynccontextmanager
async def collector(folder: Path, **overrides: Any) -> AsyncIterator[Collector]:
    async with collecting(collect_settings(folder, **overrides)) as found:
        yield found


@pytest.fixture
def every_line() -> Iterator[None]:
    """Lines of all levels, whatever another module has set up."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    yield
    structlog.configure(**before)


async def send(door: Collector, data: bytes) -> tuple[bytes, float]:
    """What comes back until the connection ends, and after how long it did."""
    begun = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", door.settings.collect_port)
    writer.write(data)
    try:
        answer = await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        answer = b""
    writer.close()
    return answer, time.monotonic() - begun


@pytest.mark.parametrize("data", [b"", b"POST /v1/events HTTP/1.1\r\nHost: a\r\n"])
async def test_headers_that_do_not_come_end_the_connection(tmp_path: Path, data: bytes) -> None:
    async with collector(tmp_path, collect_header_s=0.2) as door:
        answer, after_s = await send(door, data)
        assert answer == b""
        assert 0.1 < after_s < 4


async def test_a_connection_whose_headers_came_lives_on(tmp_path: Path) -> None:
    async with collector(tmp_path, collect_header_s=0.2) as door:
        await door.page(LEAST)
        [connection] = door.client._transport._pool.connections  # type: ignore[attr-defined]
        await asyncio.sleep(0.4)
        await door.page(LEAST)
        assert door.client._transport._pool.connections == [connection]  # type: ignore[attr-defined]


async def test_a_body_that_does_not_come_is_answered_and_ended(tmp_path: Path) -> None:
    async with collector(tmp_path, collect_body_s=0.2) as door:
        answer, _ = await send(door, HEAD.encode() + b"Content-Length: 100\r\n\r\n{")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"body_too_slow" in answer


async def test_bodies_that_arrive_at_once_are_bounded_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "MOST_ARRIVING", 100_000)
    async with collector(tmp_path) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.settings.collect_port)
        writer.write(HEAD.encode() + b"Content-Length: 90001\r\n\r\n" + b" " * 90_000)
        await eventually(lambda: body._Arriving.size == 90_000, 5, 0.01)
        refused = await door.raw(b" " * 20_000)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "busy")
        writer.write(b"7")
        assert (await reader.readline()).split()[1] == b"401"  # read, and no key
        assert body._Arriving.size == 0
        writer.close()


async def test_one_address_has_so_many_connections_and_a_trusted_proxy_any_number(tmp_path: Path) -> None:
    for proxies, refused in ((), 1), (("127.0.0.1",), 0):
        async with collector(
            tmp_path, collect_peer_connections=3, collect_trusted_proxies=proxies, collect_header_s=60
        ) as door:
            pairs = [await asyncio.open_connection("127.0.0.1", door.settings.collect_port) for _ in range(4)]
            reads = [asyncio.ensure_future(reader.read()) for reader, _ in pairs]
            if refused:
                await asyncio.wait(reads, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            assert sum(read.done() for read in reads) == refused
            for _, writer in pairs:
                writer.close()
            await asyncio.gather(*reads, return_exceptions=True)
            answer = await eventually(partial(_try, door), 5, 0.05)  # those that ended are not counted any more
            assert answer.status_code == 200


async def _try(door: Collector) -> httpx.Response | None:
    try:
        return await door.page(LEAST)
    except httpx.TransportError:
        return None


@pytest.mark.usefixtures("every_line")
@pytest.mark.parametrize(
    "data",
    [b"ada@example.com\r\n\r\n", b"GET / HTTP/1.1\r\nada@example.com\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n"],
)
async def test_what_is_no_http_is_answered_and_its_bytes_are_not_logged(tmp_path: Path, data: bytes) -> None:
    with capture_logs() as lines:
        async with collector(tmp_path) as door:
            answer, _ = await send(door, data)
    assert b" 400 " in answer.partition(b"\r\n")[0]
    assert b"bad_http" in answer and b"Server: capi\r\n" in answer
    assert "ada@" not in repr(lines) and b"ada@" not in answer


@pytest.mark.usefixtures("every_line")
async def test_logs_hold_nothing_of_an_event(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with capture_logs() as lines:
        async with collector(tmp_path) as door:
            await door.page(LEAST | {"user_data": {"em": "ada@example.com"}, "timestamp": "ada@example.com"})
            door.kept.broken = "Kafka does not answer"
            await door.page(LEAST | {"user_data": {"em": "ada@example.com"}})
    assert any(line["event"] == "rejected" for line in lines)
    for secret in ("ada@example.com", KEY):
        assert secret not in repr(lines) + caplog.text


async def test_an_address_that_sends_too_much_is_told_to_wait(tmp_path: Path) -> None:
    async with collector(
        tmp_path, collect_address_rate=0.1, collect_trusted_proxies=("127.0.0.1",)
    ) as door:  # 20 s of it at once: two events
        first = await door.page(LEAST, LEAST, x_forwarded_for="203.0.113.1")
        second = await door.page(LEAST, x_forwarded_for="203.0.113.1")
        other = await door.page(LEAST, x_forwarded_for="203.0.113.2")
    assert [one.status_code for one in (first, second, other)] == [200, 429, 200]
    assert second.json()["error"]["code"] == "rate_limited"
    assert 1 <= int(second.headers["retry-after"]) <= 10


class Slow(Kept):
    """Durable when `go` says so."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.asked = asyncio.Event()
        self.closed_with: list[int] = []

    async def write(self, records: Sequence[Outgoing]) -> None:
        self.asked.set()
        await self.go.wait()
        await super().write(records)

    async def close(self) -> None:
        self.closed_with.append(len(self.records))


async def test_a_stop_answers_what_is_under_way_and_takes_nothing_new(tmp_path: Path) -> None:
    settings = collect_settings(tmp_path, collect_health_port=free_port())
    slow, stop = Slow(), asyncio.Event()
    serving = asyncio.create_task(run_collect(settings, [events_part(settings, slow)], stop))
    await reachable(settings.collect_port, lambda: not serving.done())
    async with httpx.AsyncClient(verify=False) as client:
        door = Collector(settings, slow, client)
        client.base_url = httpx.URL(f"http://127.0.0.1:{settings.collect_port}")
        health = f"http://127.0.0.1:{settings.collect_health_port}"
        assert (await client.get(f"{health}/readyz")).json() == {"ok": True, "why": []}
        slow.why_not = "Kafka does not answer"
        assert (await client.get(f"{health}/readyz")).json() == {"ok": False, "why": ["Kafka does not answer"]}
        waiting = asyncio.create_task(door.page(LEAST))
        await slow.asked.wait()
        stop.set()
        await eventually(lambda: _refuses(settings.collect_port), 5, 0.01)
        assert (await client.get(f"{health}/readyz")).status_code == 503
        assert (await client.get(f"{health}/healthz")).status_code == 200
        slow.go.set()
        assert (await waiting).status_code == 200
    await serving
    assert slow.closed_with == [1]


async def test_a_body_that_is_under_way_at_a_stop_is_taken(tmp_path: Path) -> None:
    settings, kept, stop = collect_settings(tmp_path), Kept(), asyncio.Event()
    serving = asyncio.create_task(run_collect(settings, [events_part(settings, kept)], stop))
    await reachable(settings.collect_port, lambda: not serving.done())
    body = json.dumps({"key": KEY, "events": [LEAST]}).encode()
    head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nOrigin: {PAGE}\r\nContent-Type: text/plain\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", settings.collect_port)
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:10])
    await asyncio.sleep(0.1)  # the headers' way to the handler cannot be seen from here
    stop.set()
    await eventually(lambda: _refuses(settings.collect_port), 5, 0.01)
    writer.write(body[10:])
    answer = await asyncio.wait_for(reader.read(), 5)  # to its end: the connection is closed behind the answer
    await serving
    assert answer.startswith(b"HTTP/1.1 200")
    assert len(kept.records) == 1
    writer.close()


async def _refuses(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    return False


async def test_metrics_count_answers_by_path_and_status(tmp_path: Path) -> None:
    settings = collect_settings(tmp_path, collect_health_port=free_port())
    async with collecting(settings) as door:
        for body in (json.dumps({"key": KEY, "events": [LEAST]}).encode(), b"{"):
            await door.raw(body)
        await door.client.get("/v1/" + "x" * 20)
        found = (await door.client.get(f"http://127.0.0.1:{settings.collect_health_port}/metrics")).text
    for line in (
        'capi_collect_requests_total{path="/v1/events",status="200"}',
        'capi_collect_requests_total{path="/v1/events",status="400"}',
        'capi_collect_requests_total{path="unknown",status="404"}',
        'capi_collect_problems_total{code="bad_json"}',
        "capi_collect_connections",
    ):
        assert line in found
