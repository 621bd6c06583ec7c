"""How often a message may be returned to its queue before RabbitMQ throws it away. Pure."""

from __future__ import annotations

import re
from typing import Any

ENOUGH_RETURNS = 10_000  # one for each look at the queue

Definitions = dict[str, list[dict[str, Any]]]


def keeps_returned(definitions: Definitions, queue: str) -> bool:
    """Whether looking at `queue` is safe: its policy's delivery limit is set, and far away.

    Not set is not enough: RabbitMQ 4 then takes 20, and reading the queue for the 21st time would empty it.
    """
    limits = [_policy_limit(definitions, queue), _argument_limit(definitions, queue)]
    found = [limit for limit in limits if limit is not None]
    return bool(found) and min(found) >= ENOUGH_RETURNS


def _policy_limit(definitions: Definitions, queue: str) -> int | None:
    # only one policy holds for a queue: the one with the highest priority
    held = [
        policy
        for policy in definitions.get("policies", [])
        if policy["apply-to"] in ("all", "queues", "quorum_queues") and re.search(policy["pattern"], queue)
    ]
    holding = max(held, key=lambda policy: int(policy["priority"]), default=None)
    return holding["definition"].get("delivery-limit") if holding else None


def _argument_limit(definitions: Definitions, queue: str) -> int | None:
    mine = (entry for entry in definitions.get("queues", []) if entry["name"] == queue)
    return next((entry["arguments"].get("x-delivery-limit") for entry in mine), None)
