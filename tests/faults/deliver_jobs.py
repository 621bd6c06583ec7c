"""The jobs that a fault test of delivery feeds: from a seed, four pixels on two platforms."""

from __future__ import annotations

import random
from hashlib import sha256
from time import time
from typing import Any

from streams.events import Event, Job, Platform, UserData

PIXELS: tuple[tuple[Platform, str], ...] = (
    ("meta", "1001"),
    ("meta", "1002"),
    ("tiktok", "C2001"),
    ("tiktok", "C2002"),
)
NAMES, WEIGHTS = ("ViewContent", "AddToCart", "Purchase"), (0.6, 0.25, 0.15)
EM = sha256(b"ada@example.com").hexdigest()
TOKEN = "FAULTS_TOKEN"
TENANTS = "[tenants.default]\n" + "".join(
    f'[[tenants.default.destinations]]\nplatform = "{platform}"\npixel_id = "{pixel}"\ntoken = "env:{TOKEN}"\n'
    for platform, pixel in PIXELS
)


def make_jobs(seed: int, count: int) -> list[Job]:
    """`count` jobs whose event ids are all different."""
    rng = random.Random(seed)
    return [_job(number, rng) for number in range(count)]


def _job(number: int, rng: random.Random) -> Job:
    platform, pixel = rng.choice(PIXELS)
    name = rng.choices(NAMES, WEIGHTS)[0]
    custom: dict[str, Any] = {"value": 12.5, "currency": "USD"} if name == "Purchase" else {}
    event = Event(
        event_id=f"e-{number}",
        event_name=name,
        event_time_ms=int(time() * 1000),
        tenant="default",
        session_id=f"s-{number}",
        event_source_url="https://shop.example.com/",
        user=UserData(em=(EM,), client_ip="192.0.2.7", client_user_agent="Mozilla/5.0"),
        custom_data=custom,
    )
    return Job(platform=platform, pixel_id=pixel, event_name=name, batch_id="b", event=event)
