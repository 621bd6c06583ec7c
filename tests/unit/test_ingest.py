"""What ingest makes of a record: an outgoing record, counters, and no line at INFO."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from agents.admission import Admission
from agents.ingest import through_the_door
from agents.tally import Tally
from streams.events import decode_event, decode_reject
from streams.settings import Settings, load_settings
from tests.unit.at_the_door import LEAST, RECORD_MS

GOOGLE = {"client_user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "tenants.toml"
    file.write_text('[tenants.default]\n[tenants.marks]\nrobots = "mark"\n', "utf-8")
    return load_settings(tenants=file)


def record(**fields: Any) -> ConsumerRecord:
    raw = json.dumps(LEAST | fields).encode()
    return ConsumerRecord("capi.events", 3, 42, RECORD_MS, 0, None, raw, None, 0, len(raw), ())


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_robot_is_counted_and_summed_up_not_logged(settings: Settings) -> None:
    tally = Tally(lambda: 0.0)
    before = count("capi_events_rejected_total", tenant="default", reason="robot")
    admission = Admission(settings, tally)
    with capture_logs() as lines:
        answers = [through_the_door(settings, record(user_data=GOOGLE), admission) for _ in range(3)]
    assert not [line for line in lines if line["log_level"] != "debug"]
    assert [(summary["reason"], summary["rejects"]) for summary in tally.due()] == [("robot", 3)]
    assert count("capi_events_rejected_total", tenant="default", reason="robot") == before + 3
    assert {answer.topic for answer in answers} == {"capi.rejects"}
    assert decode_reject(answers[0].value or b"").reason == "robot"


def test_a_marked_robot_and_a_denial_go_on_and_are_counted(settings: Settings) -> None:
    before = count("capi_events_robots_total", tenant="marks"), count("capi_events_denied_total", tenant="marks")
    admission = Admission(settings)
    robot = through_the_door(settings, record(tenant="marks", user_data=GOOGLE), admission)
    denial = through_the_door(settings, record(tenant="marks", user_data=GOOGLE, consent="denied"), admission)
    after = count("capi_events_robots_total", tenant="marks"), count("capi_events_denied_total", tenant="marks")
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)
    assert {robot.topic, denial.topic} == {"capi.sessions.in"}
    assert decode_event(robot.value or b"").robot and not decode_event(denial.value or b"").robot


def test_a_dropped_field_is_counted_by_field_and_reason(settings: Settings) -> None:
    labels = {"tenant": "default", "field": "user_data.fbp", "reason": "is not fb.<index>.<milliseconds>.<random>"}
    before = count("capi_fields_dropped_total", **labels)
    through_the_door(settings, record(user_data={"fbp": "none"}), Admission(settings))
    assert count("capi_fields_dropped_total", **labels) == before + 1
