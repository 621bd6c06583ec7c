"""`capi dead` as a process: what it prints, what it refuses, and a kill in the middle of a replay."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sinks.deliver.policy import DROPPED
from sinks.rabbit import Message
from sinks.rabbit_admin import RabbitAdmin
from sinks.topology import QUEUE_PARKED
from streams.events import Noted, decode_job, decode_ledger_input, decode_outcome
from streams.settings import Settings
from tests.integration.parked_jobs import EXPIRED, capi, capi_started, park, parked_message
from tests.integration.test_deliver import EM, job
from tests.kafka import read_until, topics_of
from tests.rabbit import META, TIKTOK, eventually, rabbit_settings, ready, take_all

pytestmark = pytest.mark.stack


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with rabbit_settings(tmp_path, partitions=2) as made:
        yield made


async def park_some(settings: Settings) -> None:
    """Six of Meta's that are invalid, two of TikTok's that are expired, one that is no job."""
    await park(settings, [parked_message(job(n)) for n in range(6)])
    await park(settings, [parked_message(job(n, platform="tiktok", pixel=TIKTOK), EXPIRED) for n in (6, 7)])
    odd = Message(
        routing_key="meta.view", message_id="odd", body=b"odd", headers={"capi-last-status": "unreadable"}
    )
    await park(settings, [odd])


def run(settings: Settings, folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    return capi(settings, folder, "dead", *arguments, code=code)


async def audit(settings: Settings, number: int) -> list[Noted]:
    """Oldest first."""
    records = await read_until(settings, settings.topic("ledger.in"), lambda found: len(found) >= number)
    notes = [decode_ledger_input(record.value) for record in records]
    return sorted((note for note in notes if isinstance(note, Noted)), key=lambda note: note.at_ms)


async def test_ls_counts_by_reason_and_show_hides_what_is_personal(settings: Settings, tmp_path: Path) -> None:
    await park_some(settings)
    found = run(settings, tmp_path, "ls")
    assert (found["parked"], found["seen"], found["matched"]) == (9, 9, 9)
    groups = {group["status"]: group for group in found["groups"]}
    assert groups["invalid 100/2804050"]["count"] == 6
    assert groups["invalid 100/2804050"]["pixels"] == {f"meta:{META}": 6}
    assert groups["expired"]["pixels"] == {f"tiktok:{TIKTOK}": 2}
    assert groups["unreadable"]["oldest_ms"] == 0

    shown = run(settings, tmp_path, "show", "--event", "e-3")
    assert shown["job"]["event"]["user"]["em"] == [f"{EM[:8]}…"]
    text = (tmp_path / "capi.log").read_text()
    assert not [secret for secret in (EM, "192.0.2.7", "Mozilla") if secret in text]
    run(settings, tmp_path, "show", "--event", "e-99", code=1)
    assert await ready(settings, QUEUE_PARKED) == 9


async def test_a_dry_run_counts_what_the_replay_then_does(settings: Settings, tmp_path: Path) -> None:
    await park_some(settings)
    filters = ("--platform", "tiktok", "--reason", "expired", "--since", "1h")
    dry = run(settings, tmp_path, "replay", *filters, "--dry-run")
    assert (dry["dry_run"], dry["replayed"], dry["matched"]) == (True, 0, 2)
    assert await ready(settings, QUEUE_PARKED) == 9
    async with topics_of(settings):
        done = run(settings, tmp_path, "replay", *filters)
        assert (done["replayed"], done["matched"]) == (2, 2)
        assert await ready(settings, "tiktok_queue") == 2
        assert await ready(settings, QUEUE_PARKED) == 7
        everything = run(settings, tmp_path, "replay", "--all")
        notes = await audit(settings, 2)
    assert [(note.what, note.result) for note in notes] == [("replay", "2 done"), ("replay", "6 done")]
    assert notes[0].target.startswith("parked: platform=tiktok reason=expired since_ms=")
    assert notes[1].target == "parked: everything"
    assert (everything["replayed"], everything["spared"]) == (6, 1)  # what is no job cannot be replayed
    assert await ready(settings, QUEUE_PARKED) == 1


async def test_all_needs_to_be_said(settings: Settings, tmp_path: Path) -> None:
    await park_some(settings)
    run(settings, tmp_path, "replay", code=2)
    run(settings, tmp_path, "drop", "--why", "test", code=2)
    run(settings, tmp_path, "drop", "--all", code=2)  # a reason is needed
    assert await ready(settings, QUEUE_PARKED) == 9


async def test_drop_tells_the_outcomes_first(settings: Settings, tmp_path: Path) -> None:
    await park_some(settings)
    async with topics_of(settings):
        assert run(settings, tmp_path, "drop", "--all", "--why", "tests", "--dry-run")["dropped"] == 0
        assert run(settings, tmp_path, "drop", "--platform", "meta", "--why", "tests")["dropped"] == 6
        assert "parked jobs dropped" in (tmp_path / "capi.log").read_text()
        topic = settings.topic("outcomes")
        records = await read_until(settings, topic, lambda found: len(found) >= 6)
        told = [decode_outcome(record.value) for record in records]
        assert {(one.event_id, one.code, one.outcome) for one in told} == {
            (f"e-{n}", DROPPED, "invalid") for n in range(6)
        }
        assert all(
            record.key == f"default|{one.session_id}".encode() for record, one in zip(records, told, strict=True)
        )
        assert run(settings, tmp_path, "drop", "--all", "--why", "tests")["dropped"] == 3
        notes = await audit(settings, 2)
        assert [(note.what, note.why, note.result) for note in notes] == [
            ("drop", "tests", "6 done"),
            ("drop", "tests", "3 done"),
        ]
    assert await ready(settings, QUEUE_PARKED) == 0


async def test_nothing_is_dropped_when_kafka_cannot_be_told(settings: Settings, tmp_path: Path) -> None:
    await park_some(settings)
    away = settings.model_copy(update={"kafka_url": "kafka://127.0.0.1:9"})
    away.model_fields_set.add("kafka_url")
    assert run(away, tmp_path, "drop", "--platform", "meta", "--why", "tests", code=1)["dropped"] == 0
    assert "nothing of this chunk was dropped" in (tmp_path / "capi.log").read_text()
    assert await ready(settings, QUEUE_PARKED) == 9


async def test_a_queue_that_would_lose_jobs_is_not_even_looked_at(settings: Settings, tmp_path: Path) -> None:
    await park_some(settings)
    with RabbitAdmin(settings) as admin:
        shadow = {
            "pattern": "parked",
            "apply-to": "queues",
            "priority": 99,
            "definition": {"delivery-limit": 20},
        }
        admin._ask("PUT", f"/api/policies/{admin._quoted}/somebody", shadow)
    run(settings, tmp_path, "ls", code=1)
    assert "capi queues apply" in (tmp_path / "capi.log").read_text()


async def test_a_kill_in_the_middle_of_a_replay_loses_nothing(settings: Settings, tmp_path: Path) -> None:
    await park(settings, [parked_message(job(n)) for n in range(600)])

    async def moved(number: int) -> bool:
        return await ready(settings, "meta_queue") >= number

    process = capi_started(settings, tmp_path, "dead", "replay", "--all", "--per-second", "100")
    try:
        await eventually(lambda: moved(100), 30, "some are replayed")
    finally:
        process.kill()
        process.wait()

    async def all_back() -> bool:
        return await ready(settings, QUEUE_PARKED) + await ready(settings, "meta_queue") >= 600

    await eventually(all_back, 15, "what it held is back")
    async with topics_of(settings):
        assert run(settings, tmp_path, "replay", "--all", "--per-second", "0")["replayed"] > 0
    jobs = [decode_job(message.body).event.event_id for message in await take_all(settings, "meta_queue")]
    print(
        f"parked 600, replayed {len(set(jobs))}, lost {600 - len(set(jobs))}, twice {len(jobs) - len(set(jobs))}"
    )
    assert len(set(jobs)) == 600
    assert len(jobs) - len(set(jobs)) <= 100  # one chunk
    assert await ready(settings, QUEUE_PARKED) == 0


async def test_two_looks_at_once_are_told_of_each_other(settings: Settings, tmp_path: Path) -> None:
    await park(settings, [parked_message(job(n)) for n in range(300)])
    slow = capi_started(settings, tmp_path, "dead", "replay", "--event", "ViewContent", "--per-second", "20")
    try:

        async def begun() -> bool:
            return await ready(settings, "meta_queue") >= 20

        await eventually(begun, 30, "the slow one holds the queue")
        (tmp_path / "second").mkdir()
        found = await asyncio.to_thread(run, settings, tmp_path / "second", "ls")
        assert found["other_readers"] == 1
        assert found["seen"] + await ready(settings, "meta_queue") <= 300
    finally:
        slow.kill()
        slow.wait()
