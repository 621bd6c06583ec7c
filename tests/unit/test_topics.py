"""The Kafka topics as specified, and what a plan says about a cluster."""

from __future__ import annotations

import pytest

from sinks.kafka_admin import ActualTopic, difference
from streams.settings import load_settings
from streams.topics import TABLES, TopicSpec, changelog_topic, topics

DAY_MS = 86_400_000
SETTINGS = load_settings(namespace="shop", partitions=6)
SPECS = {spec.name: spec for spec in topics(SETTINGS)}


def actual(spec: TopicSpec, **changed: object) -> ActualTopic:
    fields = {
        "name": spec.name,
        "partitions": spec.partitions,
        "replication": spec.replication,
        "config": {**spec.config, "segment.bytes": "1073741824"},
    }
    return ActualTopic(**fields | changed)  # type: ignore[arg-type]


def test_names_and_equal_partitions() -> None:
    assert set(SPECS) == {
        "shop.events",
        "shop.sessions.in",
        "shop.visitors.in",
        "shop.batches",
        "shop.rejects",
        "shop.outcomes",
        "shop.ledger.in",
        "shop.erased",
        "shop-sessions-sessions-changelog",
        "shop-visitors-visitors-changelog",
        "shop-ledger-ledger-changelog",
    }
    assert {spec.partitions for spec in SPECS.values()} == {6}


def test_raw_personal_data_stays_a_day_and_hashed_a_week() -> None:
    kept = {name: int(spec.config.get("retention.ms", 0)) for name, spec in SPECS.items()}
    assert kept["shop.events"] == DAY_MS
    assert {kept[f"shop.{name}"] for name in ("batches", "rejects", "outcomes", "ledger.in")} == {7 * DAY_MS}


def test_windows_and_memories_count_in_log_time() -> None:
    stamps = {name: spec.config["message.timestamp.type"] for name, spec in SPECS.items()}
    in_log_time = {name for name, stamp in stamps.items() if stamp == "LogAppendTime"}
    assert in_log_time == {"shop.sessions.in", "shop.visitors.in", "shop.ledger.in", "shop.erased"}


@pytest.mark.parametrize("name", ["capi.sessions.in", "capi.visitors.in"])
@pytest.mark.parametrize("max_age_s", [60, 14_400, 700_000])
def test_what_sessions_and_visitors_read_outlives_every_window(max_age_s: float, name: str) -> None:
    settings = load_settings(max_age_s=max_age_s)
    spec = next(spec for spec in topics(settings) if spec.name == name)
    longest_s = settings.max_age_s + settings.idle_s + settings.grace_s
    assert int(spec.config["retention.ms"]) > 1000 * longest_s
    assert int(spec.config["retention.ms"]) >= 2 * DAY_MS


@pytest.mark.parametrize("role", TABLES)
def test_a_changelog_compacts_and_never_expires(role: str) -> None:
    config = SPECS[changelog_topic(SETTINGS, role)].config
    assert config["cleanup.policy"] == "compact"
    assert "retention.ms" not in config


@pytest.mark.parametrize(("replication", "in_sync"), [(1, "1"), (2, "1"), (3, "2")])
def test_one_broker_may_be_away_when_there_are_three(replication: int, in_sync: str) -> None:
    specs = topics(load_settings(replication=replication))
    assert {spec.config["min.insync.replicas"] for spec in specs} == {in_sync}


def test_a_plan_of_an_equal_cluster_is_empty() -> None:
    assert difference(SPECS.values(), {name: actual(spec) for name, spec in SPECS.items()}) == []


def test_a_plan_creates_what_is_missing_and_configures_what_drifted() -> None:
    batches = SPECS["shop.batches"]
    drifted = actual(batches, config={**batches.config, "retention.ms": "1000"})
    changes = difference([SPECS["shop.events"], batches], {batches.name: drifted})
    assert [(change.topic, change.action) for change in changes] == [
        ("shop.events", "create"),
        ("shop.batches", "configure"),
    ]
    assert changes[1].why == f"retention.ms: 1000 -> {7 * DAY_MS}"


@pytest.mark.parametrize("changed", [{"partitions": 4}, {"partitions": 8}, {"replication": 2}])
def test_partitions_and_copies_are_never_changed(changed: dict[str, int]) -> None:
    spec = SPECS["shop.sessions.in"]
    [change] = difference([spec], {spec.name: actual(spec, **changed)})
    assert change.action == "refused"
    assert str(next(iter(changed.values()))) in change.why
