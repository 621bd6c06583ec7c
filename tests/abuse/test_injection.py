"""Names that want to be more than names: in routing keys and headers of RabbitMQ, in topics, in logs."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec
import pytest

from streams.events import decode_event, decode_job
from streams.signing import signed_headers
from tests.abuse.people import login, visitor
from tests.abuse.world import World
from tests.kafka import read_all
from tests.rabbit import take_all
from tests.unit.collecting import AGENT, KEY, PAGE, SECRET

pytestmark = pytest.mark.stack

ESCAPES = "\x1b[2J\x1b]0;owned\x07"
NAMES = (
    "#",
    "*",
    "meta.#",
    "a.b.c",
    ".",
    "..",
    "purchase\r\ncapi-attempt: 99",
    "a\x00b",
    "tiktok.purchase",
    "x" * 300,
    "\U0001f4a3" * 200,
    "{{7*7}}${7*7}<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "javascript:alert(1)",
    ESCAPES,
    "\u202egnp.exe",
    "Custom Name",
)
KEYS = re.compile(r"(meta|tiktok)\.[a-z0-9_]{1,200}")
HEADERS = {"capi-attempt", "x-delivery-count"}  # the second is RabbitMQ's own


def batch(ident: str, name: str) -> dict[str, Any]:
    """As a client site could send it that does not check its events."""
    now_ms = int(time.time() * 1000)
    user = {"em": ["0" * 64], "client_ip": "198.51.100.7", "client_user_agent": AGENT}
    event = {"type": "event", "event_id": f"{ident}-{name}", "event_name": name, "event_time_ms": now_ms}
    event |= {"tenant": "shop", "session_id": f"s\n{name}", "event_source_url": f"{PAGE}/", "user": user}
    own = {
        "batch_id": ident,
        "tenant": "shop",
        "session_id": event["session_id"],
        "reason": "idle",
        "partition": 0,
    }
    own |= {"first_offset": 0, "opened_at_ms": now_ms, "flushed_at_ms": now_ms, "events": [{"event": event}]}
    return own


async def post(world: World, body: Mapping[str, Any]) -> httpx.Response:
    door, content = world.doors["tls"], msgspec.json.encode(body)
    headers = {"X-Capi-Site": "berlin"} | signed_headers([SECRET], body["batch_id"], int(time.time()), content)
    async with httpx.AsyncClient(verify=door.tls or False, timeout=20) as client:
        return await client.post(f"{door.url}/v1/batches", content=content, headers=headers)


async def test_no_name_widens_a_routing_key_or_adds_a_header(world: World) -> None:
    mark = secrets.token_hex(4)
    for number, name in enumerate(NAMES):
        answer = await post(world, batch(f"{mark}{number}", name))
        assert (answer.status_code, answer.json()["jobs"]) == (202, 1), (name, answer.text)
    found = [one for one in await take_all(world.site.settings, "meta_queue") if mark.encode() in one.body]
    assert sorted(decode_job(one.body).event.event_name for one in found) == sorted(NAMES)
    for one in found:
        assert KEYS.fullmatch(one.routing_key or ""), one.routing_key
        properties = one.header.properties
        assert set(properties.headers or {}) <= HEADERS
        assert len((properties.message_id or "").encode()) <= 255
        assert (properties.message_id or "").isprintable()


async def test_what_the_door_takes_of_such_names_is_whole_and_its_keys_are_two_parts(world: World) -> None:
    """From a page. A `|` would be another tenant's or session's key; what cannot be seen is refused."""
    mark = secrets.token_hex(4)
    events = [
        {"event_name": name[:100], "session_id": f"{mark}-{name}"[:128]} for name in (*NAMES, "other|x", "a|b")
    ]
    body = msgspec.json.encode({"key": KEY, "events": events})
    page = {"Content-Type": "text/plain", "Origin": PAGE, "User-Agent": AGENT}
    async with httpx.AsyncClient(timeout=20, verify=False) as client:
        answer = await client.post(f"{world.doors['plain'].url}/v1/events", content=body, headers=page)
    assert answer.status_code == 200
    written = await read_all(world.site.settings, world.site.settings.topic("sessions.in"))
    own = [record for record in written if mark.encode() in (record.key or b"")]
    assert len(own) == answer.json()["accepted"] >= 8
    for record in own:
        event = decode_event(record.value)
        assert record.key == f"shop|{event.session_id}".encode()
        assert event.event_name.isprintable() and event.session_id.isprintable()
        assert "|" not in event.session_id


async def test_every_line_of_every_log_is_one_of_ours(world: World) -> None:
    """After all this, and hostile words in each header that is logged."""
    words = {"User-Agent": f"a{ESCAPES}", "X-Forwarded-For": "1.2.3.4\x1b[2J", "X-Capi-Site": "x\x1b[2J"}
    own = [(name.encode(), value.encode()) for name, value in words.items()]
    async with httpx.AsyncClient(timeout=20, verify=False) as client:
        for name in ("plain", "console", "views"):
            for path in ("/v1/events", "/v1/batches", "/%0a%1b[2J", "/sessions/%0ax%7C%1b/flush"):
                await client.post(f"{world.doors[name].url}{path}", content=b"\x1b\n", headers=own)
    async with visitor(world) as client:
        await login(client, f"nobody\n{ESCAPES}", f"x\n{ESCAPES}")
    lines = 0
    for name in ("collect", "collect-tls", "sessions", "ledger"):
        text = world.log(name)
        assert "\x1b[2J" not in text and "owned" not in text, name
        for line in (one for one in text.split("\n") if one.startswith("{")):  # the others are Faust's banner
            assert line.isprintable() and {"event", "level", "role", "timestamp"} <= set(json.loads(line))
            lines += 1
    assert lines >= 4
