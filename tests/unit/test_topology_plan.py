"""What differs between a virtual host and its definitions."""

from __future__ import annotations

from copy import deepcopy

from sinks.topology import definitions
from sinks.topology_plan import Definitions, QueueChange, difference, importable
from streams.settings import load_settings

WANTED = definitions(load_settings(retry_s=(300, 900)))


def broker() -> Definitions:
    """The same, as a broker exports it: with keys that nobody asked about."""
    found = deepcopy(WANTED)
    for queue in found["queues"]:
        queue["type"] = "quorum"
    return found


def test_nothing_differs() -> None:
    assert difference(WANTED, broker()) == []


def test_without_a_virtual_host_all_is_created() -> None:
    changes = difference(WANTED, None)
    assert {change.action for change in changes} == {"create"}
    assert len(changes) == sum(map(len, WANTED.values()))


def test_a_policy_is_changed_and_a_missing_binding_created() -> None:
    found = broker()
    found["policies"][1]["definition"]["delivery-limit"] = 3
    gone = found["bindings"].pop(0)
    assert [(c.kind, c.name, c.action) for c in difference(WANTED, found)] == [
        ("bindings", f"{gone['source']} -{gone['routing_key']}-> {gone['destination']}", "create"),
        ("policies", "capi-work", "change"),
    ]


def test_a_classic_queue_of_that_name_is_refused_and_not_imported() -> None:
    found = broker()
    found["queues"][0]["arguments"] = {"x-queue-type": "classic"}
    [change] = difference(WANTED, found)
    assert (change.name, change.action) == ("meta_queue", "refused")
    names = [queue["name"] for queue in importable(WANTED, [change])["queues"]]
    assert "meta_queue" not in names
    assert "tiktok_queue" in names


def test_a_foreign_policy_that_wins_is_refused_and_ours_still_imported() -> None:
    found = broker()
    other = {"name": "ops", "pattern": ".*", "apply-to": "all", "priority": 10, "definition": {"max-length": 9}}
    found["policies"].append(other)
    changes = difference(WANTED, found)
    assert {change.action for change in changes} == {"refused"}
    assert {"meta_queue", "capi_events"} <= {change.name for change in changes}
    assert importable(WANTED, changes) == WANTED
    other["priority"] = 9
    assert difference(WANTED, found) == []


def test_an_old_rung_is_reported_and_left_alone() -> None:
    found = broker()
    found["queues"].append({"name": "retry_5s", "durable": True, "auto_delete": False, "arguments": {}})
    found["queues"].append({"name": "audit", "durable": True, "auto_delete": False, "arguments": {}})
    assert [(c.name, c.action) for c in difference(WANTED, found)] == [("retry_5s", "extra")]


def test_changes_are_plain_values() -> None:
    assert QueueChange("queues", "a", "create") == QueueChange("queues", "a", "create", "")
