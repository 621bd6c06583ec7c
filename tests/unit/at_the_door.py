"""What tests of the door share: a tenant or two, one place in the log, and the least event."""

from __future__ import annotations

import json
from typing import Any

from streams.door import Admitted, Origin, admit
from streams.events import Event, Reject
from streams.tenants import parse_tenants

TENANTS = parse_tenants(
    """
    [tenants.default]
    [tenants.shop]
    default_country = "US"
    [tenants.marks]
    robots = "mark"
    [tenants.ignores]
    robots = "ignore"
    """
)
RECORD_MS = 1_795_000_000_123
ORIGIN = Origin("capi.events", 3, 42, RECORD_MS)
LEAST = {"event_name": "ViewContent", "session_id": "s-1"}


def answer(**fields: Any) -> Admitted | Reject:
    return admit(json.dumps(LEAST | fields).encode(), TENANTS, ORIGIN)


def admitted(**fields: Any) -> Event:
    found = answer(**fields)
    assert isinstance(found, Admitted), found
    return found.event


def refused(**fields: Any) -> str:
    found = answer(**fields)
    assert isinstance(found, Reject), found
    return found.field
