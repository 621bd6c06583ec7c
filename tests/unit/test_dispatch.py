"""agents/dispatch.py: what a batch of Kafka becomes, and what is counted of it."""

from __future__ import annotations

from typing import Any

import msgspec
from aiokafka.structs import ConsumerRecord
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from agents.dispatch import jobs_of, told_of
from streams.events import Job, Queued, QueuedJob, Reject, decode_ledger_input, decode_reject, encode
from streams.settings import Settings, load_settings
from tests.contract.jobs import NOW_MS, batch_of, job
from tests.site import META, TENANTS, TIKTOK


def settings(folder: Any) -> Settings:
    (folder / "tenants.toml").write_text(TENANTS)
    return load_settings(tenants=folder / "tenants.toml")


def record(**event: Any) -> ConsumerRecord:
    return kafka_record(encode(batch_of(job(**event))))


def kafka_record(value: bytes) -> ConsumerRecord:
    return ConsumerRecord("capi.batches", 3, 42, 0, 0, b"k", value, None, 0, 0, ())


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"tenant": "default", **labels}) or 0.0


def test_a_good_event_is_a_job_with_a_score_for_each_destination(tmp_path: Any) -> None:
    before = counted("capi_match_score_count", platform="meta")
    made = jobs_of(settings(tmp_path), record(), NOW_MS)
    assert [(item.platform, item.score) for item in made if isinstance(item, Job)] == [
        ("meta", 10),
        ("tiktok", 10),
    ]
    assert counted("capi_match_score_count", platform="meta") == before + 1


def test_what_one_platform_refuses_is_a_reject_and_goes_to_the_other(tmp_path: Any) -> None:
    labels = {"platform": "meta", "reason": "no_value"}
    before = counted("capi_jobs_refused_total", **labels)
    reject, kept = jobs_of(settings(tmp_path), record(custom_data={"currency": "EUR"}), NOW_MS)
    assert isinstance(kept, Job)
    assert (kept.platform, kept.pixel_id) == ("tiktok", TIKTOK)
    assert reject == Reject(
        topic="capi.batches",
        partition=3,
        offset=42,
        reason="Purchase without a value",
        field="custom_data.value",
        fix="send custom_data.value as a number, such as 59.9",
        tenant="default",
        session_id="session-1",
        event_id="event-1",
        platform="meta",
        pixel_id=META,
    )
    assert counted("capi_jobs_refused_total", **labels) == before + 1


def test_warnings_are_counted_by_field(tmp_path: Any) -> None:
    labels = {"platform": "meta", "field": "user_data.fbc"}
    before = counted("capi_job_warnings_total", **labels)
    user = msgspec.structs.replace(job().event.user, fbc="x")
    assert all(isinstance(item, Job) for item in jobs_of(settings(tmp_path), record(user=user), NOW_MS))
    assert counted("capi_job_warnings_total", **labels) == before + 1


def test_the_ledger_hears_of_a_batchs_jobs_in_the_partition_of_the_batch(tmp_path: Any) -> None:
    source = record(custom_data={"currency": "EUR"})
    site = settings(tmp_path)
    told, refused = told_of(site, source, jobs_of(site, source, NOW_MS), NOW_MS + 7)
    queued = decode_ledger_input(told.value or b"")
    assert (told.topic, told.key, told.partition) == ("capi.ledger.in", b"default|session-1", 3)
    assert queued == Queued(
        batch_id="b",
        tenant="default",
        session_id="session-1",
        at_ms=NOW_MS + 7,
        jobs=(QueuedJob("tiktok", TIKTOK, "event-1", "Purchase", 10),),
    )
    assert (refused.topic, decode_reject(refused.value or b"").platform) == ("capi.rejects", "meta")


def test_of_a_batch_without_jobs_the_ledger_hears_nothing(tmp_path: Any) -> None:
    site, source = settings(tmp_path), kafka_record(b"no batch")
    (told,) = told_of(site, source, jobs_of(site, source, NOW_MS), NOW_MS)
    assert told.topic == "capi.rejects"


def test_without_consent_there_is_neither_job_nor_reject(tmp_path: Any) -> None:
    assert jobs_of(settings(tmp_path), record(consent="denied"), NOW_MS) == []


def test_of_a_batch_whose_tenant_is_gone_each_event_is_rejected_by_its_id(tmp_path: Any) -> None:
    events = tuple(batch_of(job(event_id=f"e-{n}")).events[0] for n in range(3))
    whole = msgspec.structs.replace(batch_of(job()), tenant="gone", events=events)
    with capture_logs() as logs:
        made = jobs_of(settings(tmp_path), kafka_record(encode(whole)), NOW_MS)
    assert [(item.event_id, item.session_id, item.offset) for item in made if isinstance(item, Reject)] == [
        (f"e-{n}", "session-1", 42) for n in range(3)
    ]
    assert [(line["event"], line["event_id"], line["n"]) for line in logs] == [("a batch is given up", "e-0", 3)]


def test_what_is_no_batch_is_one_reject(tmp_path: Any) -> None:
    (reject,) = jobs_of(settings(tmp_path), kafka_record(b"maria@example.com"), NOW_MS)
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.offset) == ("not a batch", 42)
