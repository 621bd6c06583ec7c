"""What a ledger worker shows of others: lag by role and topic, queues by state; nothing where nobody knows."""

from __future__ import annotations

from prometheus_client import REGISTRY

from agents.console.waiting import TopicBehind
from agents.lag import Depth
from agents.standing_metrics import show_lag, show_queues


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_a_role_that_never_read_has_no_lag_and_an_unknown_age_is_not_zero() -> None:
    show_lag(
        [
            TopicBehind("ingest", "events", 7, 3.5, 1, 2),
            TopicBehind("dispatch", "batches", 7, None, 1, 2),
            TopicBehind("ledger", "batches", 0, None, 0, 2),
            TopicBehind("visitors", "visitors.in", None, None, 0, 2),
        ],
        "capi",
    )
    assert value("capi_group_lag_records", group="capi-ingest", topic="capi.events") == 7
    assert value("capi_group_lag_seconds", group="capi-ingest", topic="capi.events") == 3.5
    assert value("capi_group_lag_seconds", group="capi-dispatch", topic="capi.batches") is None
    assert value("capi_group_lag_seconds", group="capi-ledger", topic="capi.batches") == 0
    assert value("capi_group_lag_records", group="capi-visitors", topic="capi.visitors.in") is None
    show_lag([], "capi")
    assert value("capi_group_lag_records", group="capi-ingest", topic="capi.events") is None, "Kafka is away"


def test_messages_that_were_dead_lettered_and_not_confirmed_are_a_state_of_their_own() -> None:
    show_queues([Depth(queue="retry_300s", ready=5, unacked=1, leaving=2)])
    found = {
        state: value("capi_queue_messages", queue="retry_300s", state=state) for state in ("ready", "leaving")
    }
    assert found == {"ready": 5, "leaving": 2}
    show_queues([])
    assert value("capi_queue_messages", queue="retry_300s", state="ready") is None
