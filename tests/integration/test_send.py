"""`capi send` to a real Kafka."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from streams.settings import Settings
from tests.integration.parked_jobs import capi
from tests.kafka import fresh_settings, read_all, topics_of
from tests.workers import ROOT, environment

pytestmark = pytest.mark.stack

GOOD = [{"event_name": "ViewContent", "event_id": f"e{n}", "session_id": f"s{n % 3}"} for n in range(700)]


def event_file(folder: Path, lines: list[str], name: str = "events.jsonl") -> str:
    file, text = folder / name, "\n".join(lines).encode()
    file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return str(file)


async def sent(settings: Settings) -> list[tuple[bytes, dict[str, Any]]]:
    records = await read_all(settings, settings.topic("events"))
    return [(record.key, json.loads(record.value)) for record in records]


async def test_good_lines_arrive_keyed_by_session_and_bad_ones_are_told_by_number(tmp_path: Path) -> None:
    settings = fresh_settings()
    lines = [json.dumps(event) for event in GOOD]
    lines[100:100] = ["not json: hidden@example.com", json.dumps({"event_name": "Purchase", "event_id": "hidden"})]
    async with topics_of(settings):
        bad = event_file(tmp_path, lines)
        dry = await asyncio.to_thread(capi, settings, tmp_path, "send", bad, "--dry-run", code=1)
        assert (dry["read"], dry["sent"], dry["refused"]) == (702, 0, 2)
        assert await sent(settings) == []

        packed = event_file(tmp_path, lines, "events.jsonl.gz")
        told = await asyncio.to_thread(capi, settings, tmp_path, "send", packed, code=1)
        assert (told["sent"], told["refused"]) == (700, 2)
        assert [refusal["line"] for refusal in told["refusals"]] == [101, 102]
        assert "hidden" not in json.dumps(told)
        found = await sent(settings)
        assert sorted(event["event_id"] for _, event in found) == sorted(event["event_id"] for event in GOOD)
        assert {key == event["session_id"].encode() for key, event in found} == {True}

        few = event_file(tmp_path, [json.dumps(event) for event in GOOD[:4]], "few.jsonl")
        told = await asyncio.to_thread(capi, settings, tmp_path, "send", few, "--per-second", "20")
        assert (told["sent"], told["refusals"]) == (4, [])


async def test_standard_input_is_sent_to_its_end(tmp_path: Path) -> None:
    settings, lines = fresh_settings(), [json.dumps(event) for event in GOOD[:50]]
    command = [sys.executable, "-m", "agents.cli", "send", "-", "--json"]
    async with topics_of(settings):
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env=environment(settings),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        given = "\n".join([*lines, "no event"]).encode()  # the last line has no end
        out, _ = await asyncio.wait_for(process.communicate(given), 60)
        told = json.loads(out)
        assert (process.returncode, told["read"], told["sent"], told["refused"]) == (1, 51, 50, 1)
        assert told["refusals"][0]["line"] == 51
        found = await sent(settings)
    assert sorted(event["event_id"] for _, event in found) == sorted(event["event_id"] for event in GOOD[:50])


def test_kafka_that_is_away_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    settings = fresh_settings(kafka_url="kafka://127.0.0.1:9")
    file = event_file(tmp_path, [json.dumps(GOOD[0])])
    told = capi(settings, tmp_path, "send", file, code=1)
    assert (told["sent"], told["stopped_at"]) == (0, 1)
    assert "CAPI_KAFKA_URL" in told["why"]
    capi(settings, tmp_path, "send", str(tmp_path / "missing"), "--dry-run", code=2)
    (tmp_path / "odd.gz").write_bytes(b"no gzip")
    capi(settings, tmp_path, "send", str(tmp_path / "odd.gz"), "--dry-run", code=2)
