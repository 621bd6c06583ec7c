"""What separates a virtual host from its definitions. Pure: two documents in, a list of changes out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

Entry = dict[str, Any]
Definitions = dict[str, list[Entry]]
REPLACEABLE = ("policies",)  # exchanges, queues and bindings cannot be changed in place


class QueueChange(msgspec.Struct, frozen=True):
    """One thing that differs.

    `create` and `change` are what an import does; `refused` needs a person; `extra` is left alone and is
    no difference: it says that something is there which the settings no longer ask for.
    """

    kind: str
    name: str
    action: Literal["create", "change", "refused", "extra"]
    why: str = ""


def difference(wanted: Definitions, actual: Definitions | None) -> list[QueueChange]:
    """Changes in the order of an import; `actual` is None when the virtual host does not exist."""
    found = actual or {}
    changes = [
        change
        for kind, entries in wanted.items()
        for entry in entries
        for change in _differs(kind, entry, found.get(kind, []))
    ]
    return [*changes, *_shadows(wanted, found), *_old_rungs(wanted, found)]


def importable(wanted: Definitions, changes: list[QueueChange]) -> Definitions:
    """`wanted` without what would be refused: RabbitMQ stops an import at the first such entry."""
    refused = {(change.kind, change.name) for change in changes if change.action == "refused"}
    return {
        kind: [entry for entry in entries if (kind, _name(kind, entry)) not in refused]
        for kind, entries in wanted.items()
    }


def _name(kind: str, entry: Entry) -> str:
    if kind != "bindings":
        return str(entry["name"])
    key = entry["routing_key"] or ", ".join(f"{k}={v}" for k, v in entry["arguments"].items() if k != "x-match")
    return f"{entry['source']} -{key}-> {entry['destination']}"


def _differs(kind: str, entry: Entry, found: list[Entry]) -> Iterator[QueueChange]:
    name = _name(kind, entry)
    same = next((other for other in found if _name(kind, other) == name), None)
    if same is None:
        yield QueueChange(kind, name, "create")
        return
    drift = [f"{key}: {same.get(key)} -> {value}" for key, value in entry.items() if same.get(key) != value]
    if drift and kind in REPLACEABLE:
        yield QueueChange(kind, name, "change", ", ".join(drift))
    elif drift:
        why = f"{', '.join(drift)}: cannot be changed in place; empty it, delete it, apply again"
        yield QueueChange(kind, name, "refused", why)


def _shadows(wanted: Definitions, found: Definitions) -> Iterator[QueueChange]:
    """Foreign policies that win over ours: only one policy holds for a queue, so ours would do nothing."""
    ours = {policy["name"]: policy for policy in wanted["policies"]}
    for other in found.get("policies", []):
        for name in _names(wanted, other["apply-to"]) if other["name"] not in ours else ():
            mine = _holding(ours.values(), name)
            if mine and re.search(other["pattern"], name) and other["priority"] >= mine["priority"]:
                why = f"policy {other['name']} wins over {mine['name']}: lower its priority or narrow its pattern"
                yield QueueChange("policies", name, "refused", why)


def _names(wanted: Definitions, apply_to: str) -> list[str]:
    kinds = {"exchanges": ("exchanges",), "all": ("exchanges", "queues")}.get(apply_to, ("queues",))
    return [entry["name"] for kind in kinds for entry in wanted[kind]]


def _holding(policies: Any, name: str) -> Entry | None:
    return next((policy for policy in policies if re.search(policy["pattern"], name)), None)


def _old_rungs(wanted: Definitions, found: Definitions) -> Iterator[QueueChange]:
    known = {queue["name"] for queue in wanted["queues"]}
    for queue in found.get("queues", []):
        if queue["name"].startswith("retry_") and queue["name"] not in known:
            why = "not in CAPI_RETRY_S; what waits in it still comes home, delete it once it is empty"
            yield QueueChange("queues", queue["name"], "extra", why)
