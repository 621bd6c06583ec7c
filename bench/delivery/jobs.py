"""What delivery benches send: jobs of one pixel, and the tenants file that knows it."""

from __future__ import annotations

import time

from sinks.rabbit import Message
from streams.events import Event, Job, UserData, encode

PIXEL = "1111111111"
TENANTS = f"""[tenants.default]
[[tenants.default.destinations]]
platform = "meta"
pixel_id = "{PIXEL}"
token = "env:BENCH_TOKEN"
"""


def job(number: str) -> Job:
    event = Event(
        event_id=f"bench-{number}",
        event_name="ViewContent",
        event_time_ms=int(time.time() * 1000),
        tenant="default",
        session_id="s",
        event_source_url="https://shop.example.com/shoes",
        user=UserData(
            em=("0" * 64,), external_id=("1" * 64,), client_ip="192.0.2.7", client_user_agent="Mozilla/5.0"
        ),
        custom_data={"value": 12.5, "currency": "USD", "content_ids": ["12", "13"]},
    )
    return Job(platform="meta", pixel_id=PIXEL, event_name="ViewContent", batch_id="b", event=event)


def messages(run: str, count: int) -> list[Message]:
    """As dispatch publishes them."""
    made = [job(f"{run}-{number}") for number in range(count)]
    return [
        Message(routing_key="meta.view", message_id=f"{j.job_id}:1", body=encode(j), headers={"capi-attempt": 1})
        for j in made
    ]
