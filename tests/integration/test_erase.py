"""A person everywhere at once: after `capi erase` nothing of them leaves any more, whatever is sent again."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from agents.asking import LedgerError, asked
from sinks.rabbit import Publisher
from sinks.topology import EXCHANGE_RETRY, QUEUE_PARKED, Rung
from streams.events import (
    Batch,
    Enriched,
    Event,
    Job,
    Noted,
    UserData,
    decode_ledger_input,
    decode_outcome,
    encode,
)
from streams.ledger.queries import HoldsOf, TraceOf
from streams.settings import Settings
from streams.topics import changelog_topic
from tests.integration.parked_jobs import capi, park, parked_message
from tests.integration.test_deliver import job, publish
from tests.kafka import eventually, producer_of, read_all
from tests.rabbit import ready
from tests.site import Site, free_port, site

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

EM, OTHER = sha256(b"ada@example.com").hexdigest(), sha256(b"bob@example.com").hexdigest()
RETRY_S = 8.0
DAY_MS = 86_400_000


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    port = free_port()
    console = {
        "console_port": port,
        "console_url": f"http://127.0.0.1:{port}",
        "internal_secret": f"file:{tmp_path / 'internal.secret'}",
    }
    windows = {"idle_s": 60, "max_age_s": 90, "recall_s": 1, "retry_s": (RETRY_S,), "session_timeout_s": 20}
    with site(tmp_path, **windows, **console) as made:
        for role in ("sessions", "visitors", "ledger"):
            made.worker(role)
        yield made


def event(number: int, digest: str, session: str, name: str = "ViewContent", **more: Any) -> Event:
    user = UserData(em=(digest,), client_ip="192.0.2.7", client_user_agent="Mozilla/5.0", **more)
    made = job(number, name, session_id=session, user=user).event
    return msgspec.structs.replace(made, event_id=f"{session}-{number}")


def waiting(number: int, digest: str, what: str) -> Job:
    made = job(number)
    return msgspec.structs.replace(made, event=event(number, digest, what), left_ms=made.event.event_time_ms)


async def tell(here: Site, *events: Event) -> None:
    async with producer_of(here.settings) as producer:
        for one in events:
            await producer.send_and_wait(here.settings.topic("sessions.in"), encode(one), key=one.key)


async def yesterday(here: Site, *people: str) -> None:
    at_ms = time.time_ns() // 1_000_000 - DAY_MS
    events = [
        msgspec.structs.replace(event(n, em, "yesterday"), event_time_ms=at_ms) for n, em in enumerate(people)
    ]
    batch = Batch(
        batch_id="b",
        tenant="default",
        session_id="yesterday",
        reason="idle",
        partition=0,
        first_offset=0,
        opened_at_ms=at_ms,
        flushed_at_ms=at_ms,
        events=tuple(Enriched(event=one) for one in events),
    )
    async with producer_of(here.settings) as producer:
        topic = here.settings.topic("batches")
        await producer.send_and_wait(topic, encode(batch), key=batch.key, timestamp_ms=at_ms)


async def in_retry(here: Site, jobs: Sequence[Job]) -> None:
    publisher = Publisher(here.settings)
    headers = Rung(RETRY_S).headers
    messages = [parked_message(one) for one in jobs]
    moved = [msgspec.structs.replace(one, headers={**one.headers, **headers}) for one in messages]
    await publisher.publish(EXCHANGE_RETRY, moved)
    await publisher.close()


async def memories(here: Site) -> list[bytes]:
    records = await read_all(here.settings, changelog_topic(here.settings, "visitors"))
    last = {record.key: record.value for record in records}
    return [key for key, value in last.items() if value]


def ledger_holds(settings: Settings) -> int:
    """Events, 0 also while the ledger starts."""
    try:
        return int(asked(settings, HoldsOf(tenant="default", field="em", digest=EM)).events)
    except LedgerError:
        return 0


def event_ids(here: Site) -> set[str]:
    return {str(one["event_id"]) for one in here.ledger()}


async def test_nothing_of_a_person_leaves_after_they_were_erased(here: Site, tmp_path: Path) -> None:
    settings = here.settings
    redis = Redis.from_url(settings.redis_url)
    mirrored = f"{settings.namespace}:session:open"
    try:
        await tell(here, event(1, EM, "bought", "Purchase", fbp="fb.1.1700000000000.1"), event(2, EM, "open"))
        await tell(here, event(3, OTHER, "other"))

        async def remembered() -> bool:
            in_ledger = await asyncio.to_thread(ledger_holds, settings)
            return in_ledger == 1 and bool(await memories(here)) and bool(await redis.keys(mirrored))

        await eventually(remembered, 60)
        assert asked(settings, TraceOf(event_id="bought-1")).events
        await park(
            settings, [parked_message(waiting(4, EM, "parked")), parked_message(waiting(5, OTHER, "parked"))]
        )
        await in_retry(here, [waiting(6, EM, "retry"), waiting(7, OTHER, "retry")])
        await publish(settings, [waiting(8, EM, "home"), waiting(9, OTHER, "home")])
        await yesterday(here, EM, OTHER)
        await eventually(lambda: ledger_holds(settings) == 3)  # a visit counts whole: both of yesterday

        arguments = ("erase", "--tenant", "default", "--field", "em", "--digest", EM, "--yes")
        told = await asyncio.to_thread(capi, settings, tmp_path, *arguments)
        assert told["removed"] == {"events": 1, "memories": 1, "parked": 1}
        assert told["ledger"] == {"before": 3, "after": 0}
        assert not asked(settings, TraceOf(event_id="bought-1")).events
        assert told["done"]
        assert EM not in json.dumps(told)
        assert await redis.keys(mirrored) == []
        assert await memories(here) == []

        here.worker("deliver")
        since = ("--since", "3d", "--tenant", "default")
        replayed = await asyncio.to_thread(capi, settings, tmp_path, "replay", *since, "--platform", "meta")
        assert {row["fate"]: row["jobs"] for row in replayed["jobs"]} == {"erased": 2, "send": 1}
        await asyncio.to_thread(capi, settings, tmp_path, "dead", "replay", "--all")
        await tell(here, event(10, EM, "new", "Purchase"))
        here.worker("dispatch")
        expected = {"parked-5", "retry-7", "home-9", "yesterday-1", "new-10"}

        await eventually(lambda: expected <= event_ids(here), 90)
        assert not {"bought-1", "open-2", "parked-4", "retry-6", "home-8", "yesterday-0"} & event_ids(here)
        assert await ready(settings, QUEUE_PARKED) == 0
    finally:
        await redis.aclose()
    outcomes = [decode_outcome(record.value) for record in await read_all(settings, settings.topic("outcomes"))]
    dropped = {one.event_id for one in outcomes if one.code == "dropped" and "erased on request" in one.why}
    assert dropped == {"parked-4", "retry-6", "home-8", "bought-1", "yesterday-0"}
    notes = [decode_ledger_input(record.value) for record in await read_all(settings, settings.topic("ledger.in"))]
    audit = {(one.what, one.target) for one in notes if isinstance(one, Noted) and one.what.startswith("erase")}
    assert audit == {("erase", f"em {EM[:8]}"), ("erased", f"em {EM[:8]}")}
