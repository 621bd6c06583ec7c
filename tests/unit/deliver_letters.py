"""Jobs for the tests of delivery: made-up people at example.com, already hashed."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from sinks.deliver.letters import Letter, read_letter
from streams.events import Event, Job, UserData, encode

NOW_MS = 1_795_500_000_000
EM = sha256(b"anna@example.com").hexdigest()


def job(number: int = 1, **event: Any) -> Job:
    fields: dict[str, Any] = {
        "event_id": f"e-{number}",
        "event_name": "ViewContent",
        "event_time_ms": NOW_MS,
        "tenant": "default",
        "session_id": f"s-{number}",
        "user": UserData(em=(EM,), client_user_agent="Mozilla/5.0"),
        "event_source_url": "https://shop.example.com/",
    } | event
    made = Event(**fields)
    return Job(platform="meta", pixel_id="123", event_name=made.event_name, batch_id="b", event=made)


def letter(number: int = 1, headers: dict[str, Any] | None = None) -> Letter:
    return read_letter(encode(job(number)), headers or {}, "meta.view", NOW_MS)
