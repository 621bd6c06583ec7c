"""JSON Schema of the raw event, made from the shapes in :mod:`streams.raw`.

The schema describes what producers should send. The door is more forgiving than the schema inside `user_data` and
`custom_data`: it drops what it cannot use, and says so.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from streams.envelope import ACTION_SOURCES
from streams.raw import SHAPES, RawEvent

TITLE = "Event of the topic capi.events"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

EXAMPLE = {
    "event_name": "Purchase",
    "event_id": "order-1001",
    "session_id": "visit-7f3a",
    "timestamp": 1_795_000_000,
    "event_source_url": "https://shop.example/thanks",
    "user_data": {
        "em": "alice@example.com",
        "ph": "(650) 555-1212",
        "country": "US",
        "fbp": "fb.1.1794990000000.1098115397",
        "client_ip": "192.0.2.10",
        "client_user_agent": "Mozilla/5.0",
    },
    "custom_data": {
        "value": 59.9,
        "currency": "USD",
        "order_id": "1001",
        "contents": [{"id": "sku-1", "quantity": 2, "item_price": 29.95}],
    },
    "browser_fired": ["meta"],
    "consent": "granted",
}


def event_schema() -> dict[str, Any]:
    """The schema as a JSON value, keys in a stable order."""
    _, shapes = msgspec.json.schema_components((RawEvent, *SHAPES), ref_template="#/$defs/{name}")
    event = shapes.pop("RawEvent")
    event["properties"]["action_source"]["anyOf"] = [{"enum": sorted(ACTION_SOURCES)}, {"enum": ["", None]}]
    return {"$schema": DIALECT, **event, "title": TITLE, "examples": [EXAMPLE], "$defs": shapes}


def schema_text() -> str:
    """The schema as the file docs/event.schema.json has it."""
    return json.dumps(event_schema(), indent=2, ensure_ascii=False) + "\n"
