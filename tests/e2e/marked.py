"""Marked people and their tokens, sent through every door of a site, with all that shops get wrong."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import msgspec
from redis.asyncio import Redis

from streams.door import Admitted, Origin, admit
from streams.events import Batch, Enriched, Event, encode
from streams.settings import Settings
from streams.signing import signed_headers
from tests.e2e.visits import event, visit
from tests.gateway import new_secret
from tests.kafka import fresh_settings, producer_of
from tests.privacy import Marks, all_needles, traces_of
from tests.site import Site

PAGE, PAGE_KEY, SERVER_KEY = "https://shop.example", "pk_default_12345678", "sk_default_12345678"
SECRET = new_secret()
KEYS = f"""
[[tenants.default.keys]]
kind = "publishable"
id = "{PAGE_KEY}"
origins = ["{PAGE}"]
[[tenants.default.keys]]
kind = "secret"
id = "{SERVER_KEY}"
secrets = ["env:TEST_SIGNING"]
[sites.berlin]
tenants = ["default"]
secrets = ["env:TEST_SIGNING"]
"""
BOUGHT = {"value": 1, "currency": "EUR", "contents": [{"id": "1", "quantity": 1}]}
HOSTILE_NAMES = [f'Hostile{n}{{le="x"}}' for n in range(20)]


def personal(marks: Marks, session: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """A visit with the person in all places where shops put one."""
    url = f"https://shop.example/thanks?email={marks.email}&access_token={marks.token}"
    texts = {"search_string": marks.email, "note": marks.email, marks.email: "own key"}
    return [
        one
        | {"user_data": marks.user_data, "event_source_url": url, "referrer_url": url}
        | {"custom_data": one.get("custom_data", {}) | texts}
        for one in events or visit(session)
    ]


def rejected(marks: Marks) -> list[dict[str, Any]]:
    """Events that the door does not take, each with the person in the field at fault."""
    good = personal(marks, "bad", event("bad", 1, "PageView"))[0]
    faults: list[dict[str, Any]] = [
        {"event_name": marks.email},
        {"event_name": {"of": marks.email}},
        {"event_id": marks.email},
        {"session_id": marks.email},
        {"session_id": marks.phone},
        {"event_id": marks.email_in_base64},
        {"tenant": marks.email},
        {"timestamp": marks.phone},
        {"consent": {"ad_storage": marks.email}},
        {"identity": marks.email},
        {"test_event_code": marks.email},
        {"user_data": f"{marks.email} {marks.phone}", "user_agent": marks.agent, "session_id": ""},
    ]
    return [good | fault for fault in faults]


async def by_kafka(shop: Site, marks: Marks, other: Marks) -> None:
    """`parked-4` is refused by Meta, `worthless-1` before it gets there."""
    await shop.produce(*personal(marks, "bought"), *personal(marks, "parked"), *rejected(marks))
    await shop.produce(*personal(other, "gone"), *personal(marks, "worthless", event("worthless", 1, "Purchase")))
    named = [event("names", n, name) for n, name in enumerate(HOSTILE_NAMES)]
    await shop.produce(*named, event("names", len(named), "Purchase", custom_data=BOUGHT))
    async with producer_of(shop.settings) as producer:
        for raw in (f"not JSON {marks.email}", f'{{"em": "{marks.email}"', '{"a":' * 5_000 + f'"{marks.email}"'):
            await producer.send_and_wait(shop.settings.topic("events"), raw.encode(), b"poison")


async def by_redis(settings: Settings, marks: Marks) -> None:
    items = [*personal(marks, "pushed", event("pushed", 1, "Purchase", custom_data=BOUGHT)), *rejected(marks)]
    async with Redis.from_url(settings.redis_url) as redis:
        await redis.lpush(settings.intake_queue, *map(json.dumps, items), f"not JSON {marks.email}")


async def by_browser(settings: Settings, marks: Marks) -> None:
    """A batch that is taken, one that is not, and requests that are refused as a whole."""
    headers = {"Origin": PAGE, "X-Capi-Key": PAGE_KEY, "Content-Type": "application/json"}
    headers |= {
        "Cookie": f"_fbp={marks.fbp}",
        "User-Agent": marks.agent,
        "Referer": f"{PAGE}/?email={marks.email}",
    }
    good = json.dumps(personal(marks, "http", event("http", 1, "Purchase", custom_data=BOUGHT)))
    bad = json.dumps(rejected(marks))
    assert await answer(settings, marks, good, headers) == 200
    assert await answer(settings, marks, bad, headers) == 422
    for body, more in (
        (f'{{"events": "{marks.email}"}}', {}),
        (f"not JSON {marks.email}", {}),
        (good, {"X-Capi-Key": marks.token}),
        (good, {"Origin": f"https://{marks.email}"}),
        (good, {"Content-Type": marks.email}),
        (good, {"Content-Encoding": marks.token}),
    ):
        assert await answer(settings, marks, body, headers | more, f"access_token={marks.token}") >= 400


async def by_server(settings: Settings, marks: Marks, **more: str) -> None:
    """`more` are headers."""
    good = json.dumps(personal(marks, "signed", event("signed", 1, "Purchase", custom_data=BOUGHT)))
    headers = {"X-Capi-Key": SERVER_KEY, "Content-Type": "application/json"}
    headers |= signed_headers([SECRET], marks.email, int(time.time()), good.encode()) | more
    assert await answer(settings, marks, good, headers) == 200
    for wrong in ({"webhook-signature": marks.token}, {"X-Capi-Key": f"sk_{marks.token}"}):
        assert await answer(settings, marks, good, headers | wrong) == 401


async def answer(settings: Settings, marks: Marks, body: str, headers: dict[str, str], query: str = "") -> int:
    """The status. Nothing of what was sent is in the answer."""
    url = f"http://127.0.0.1:{settings.collect_port}/v1/events?{query}"
    async with httpx.AsyncClient() as client:
        found = await client.post(url, content=body, headers=headers)
    shown = found.content + repr(found.headers).encode()
    assert not list(traces_of(all_needles(marks), [("answer", shown)]))
    return found.status_code


def berlin_of(shop: Site, **more: Any) -> Settings:
    """A client site of this one, which reads the same tenants file."""
    return fresh_settings(
        tenants=shop.settings.tenants,
        gateway_url=f"http://127.0.0.1:{shop.settings.collect_port}",
        gateway_site="berlin",
        gateway_secrets="env:TEST_SIGNING",
        **more,
    )


async def by_gateway(berlin: Settings, marks: Marks) -> None:
    """A client site's batch that the centre takes, and one of a release that let clear text through."""
    raw = personal(marks, "berlin", event("berlin", 1, "Purchase", custom_data=BOUGHT))[0]
    found = admit(json.dumps(raw).encode(), berlin.tenant_map, Origin("x", 0, 0, time.time_ns() // 1_000_000))
    assert isinstance(found, Admitted)
    user = msgspec.structs.replace(found.event.user, em=(marks.email,))
    old = msgspec.structs.replace(found.event, event_id="old-1", user=user)
    async with producer_of(berlin) as producer:
        for number, one in enumerate((found.event, old)):
            batch = batch_of(one, f"berlin-{number}")
            await producer.send_and_wait(berlin.topic("batches"), encode(batch), batch.key, 0)


def batch_of(one: Event, batch_id: str) -> Batch:
    return Batch(
        batch_id=batch_id,
        tenant=one.tenant,
        session_id=one.session_id,
        reason="purchase",
        partition=0,
        first_offset=0,
        opened_at_ms=one.event_time_ms,
        flushed_at_ms=one.event_time_ms,
        events=(Enriched(event=one),),
    )
