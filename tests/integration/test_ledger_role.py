"""The machinery of the ledger role, with a book that counts: nothing lost or twice, and each worker answers."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from streams.events import Batch, Enriched, Event, Outcome, Queued, QueuedJob, Record, Reject, encode
from streams.settings import Settings
from streams.topics import changelog_topic
from tests.kafka import eventually, fresh_settings, producer_of, read_all, topics_of
from tests.site import free_port
from tests.workers import environment, faust_worker

pytestmark = pytest.mark.stack
MODULE = "tests.integration.toy_ledger_app"
VISITS = 150


def told(number: int) -> Iterator[tuple[str, Record]]:
    """All that the ledger hears of one visit with one event."""
    own: dict[str, Any] = {"tenant": "default", "session_id": f"s{number}"}
    job: dict[str, Any] = {"platform": "meta", "pixel_id": "1", "event_id": f"e{number}", "event_name": "Purchase"}
    event = Event(event_id=f"e{number}", event_name="Purchase", event_time_ms=1, **own)
    times: dict[str, Any] = {"opened_at_ms": 1, "flushed_at_ms": 2}
    yield (
        "batches",
        Batch(
            batch_id=f"b{number}",
            reason="purchase",
            partition=0,
            first_offset=number,
            events=(Enriched(event=event),),
            **own,
            **times,
        ),
    )
    yield "ledger.in", Queued(batch_id=f"b{number}", at_ms=3, jobs=(QueuedJob(**job),), **own)
    yield "outcomes", Outcome(job_id=f"j{number}", attempt=1, outcome="delivered", at_ms=4, **own, **job)
    yield "rejects", Reject(topic="x", partition=0, offset=number, reason="no", tenant="default")


async def feed(settings: Settings) -> None:
    async with producer_of(settings) as producer:
        await producer.send(settings.topic("outcomes"), value=b"maria@example.com", partition=0)
        for number in range(VISITS):
            for name, record in told(number):
                await producer.send(settings.topic(name), value=encode(record), partition=number % 2)
            await asyncio.sleep(0.03)


async def ask(port: int, question: str, who: str = "all") -> httpx.Response | None:
    async with httpx.AsyncClient() as client:
        try:
            url = f"http://127.0.0.1:{port}/v1/ledger?local=1"
            return await client.post(url, content=question, headers={"Authorization": who})
        except httpx.TransportError:
            return None


async def partitions(*ports: int) -> list[int]:
    answers = [await ask(port, '{"ask": "cluster"}') for port in ports]
    seen = [answer.json()["workers"][0] for answer in answers if answer and answer.status_code == 200]
    return sorted(number for worker in seen for number in worker.get("partitions", []))


async def heard(settings: Settings) -> Counter[bytes]:
    """Place in the log -> how often the book was told of it, as the changelog has it."""
    records = await read_all(settings, changelog_topic(settings, "ledger"))
    return Counter({record.key: int(record.value) for record in records if record.value})


async def test_killed_and_scaled_it_hears_everything_once_and_answers(tmp_path: Path) -> None:
    settings = fresh_settings(session_timeout_s=6, tick_s=0.5, ledger_live=50)
    ports = [free_port(), free_port()]
    async with topics_of(settings):
        first, second = (environment(settings, CAPI_CONSOLE_PORT=str(port)) for port in ports)
        with faust_worker(MODULE, first, tmp_path / "1.log") as killed:
            await eventually(lambda: both(ports[0]), 60)
            feeding = asyncio.create_task(feed(settings))
            with faust_worker(MODULE, second, tmp_path / "2.log"):
                await eventually(lambda: both(*ports, each=True), 60)
                await found_by_group(ports)
                killed.send_signal(signal.SIGKILL)
                await feeding
                await eventually(lambda: both(ports[1]), 60)
                # every visit in four topics, and the reject of what was no outcome, which came back by `rejects`
                expected = 4 * VISITS + 1

                async def all_heard() -> bool:
                    return len(await heard(settings)) >= expected

                await eventually(all_heard, 60, every_s=1)
                assert set((await heard(settings)).values()) == {1}
                assert len(await heard(settings)) == expected
                await answers(ports[1])


async def both(*ports: int, each: bool = False) -> bool:
    """Whether the two partitions are at these workers, with `each` one at each of them."""
    alone = [len(await partitions(port)) for port in ports]
    return await partitions(*ports) == [0, 1] and (not each or alone == [1, 1])


async def found_by_group(ports: list[int]) -> None:
    async with httpx.AsyncClient() as client:
        for port in ports:
            known = (await client.get(f"http://127.0.0.1:{port}/workers")).json()
            assert known == sorted(f"http://127.0.0.1:{other}" for other in ports)


async def answers(port: int) -> None:
    recent = await ask(port, '{"ask": "recent", "limit": 20}')
    assert recent is not None and len(recent.json()["lines"]) == 20 and recent.json()["missed"] is True
    other = await ask(port, '{"ask": "recent", "tenants": ["other"]}', who="one")
    assert other is not None and other.json() == {}
    holds = await ask(port, '{"ask": "holds", "tenant": "default", "field": "em", "digest": ""}')
    assert holds is not None and holds.json() == {"events": 4 * VISITS + 1}
    statuses = [
        answer and answer.status_code
        for answer in (await ask(port, '{"ask": "cluster"}', "nobody"), await ask(port, '{"ask": "weather"}'))
    ]
    assert statuses == [401, 422]
