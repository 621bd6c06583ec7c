"""A whole site at level debug, with all that goes wrong: nothing of a person and no token is in the clear."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka.structs import ConsumerRecord

from agents.roles import FAUST_ROLES
from streams.events import decode_outcome
from streams.topics import changelog_topic
from tests.e2e.visits import event, visit
from tests.kafka import eventually, producer_of, read_until
from tests.privacy import (
    Marks,
    all_needles,
    files,
    messages,
    pages,
    records,
    redis_items,
    shown_needles,
    traces_of,
)
from tests.rabbit import ready
from tests.site import Site, free_port, site

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

PAGE, KEY = "https://shop.example", "pk_default_12345678"
KEYS = f"""
[[tenants.default.keys]]
kind = "publishable"
id = "{KEY}"
origins = ["{PAGE}"]
"""
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
        {"tenant": marks.email},
        {"timestamp": marks.phone},
        {"consent": {"ad_storage": marks.email}},
        {"identity": marks.email},
        {"test_event_code": marks.email},
        {"user_data": f"{marks.email} {marks.phone}"},
    ]
    return [good | fault for fault in faults]


def start_all(shop: Site) -> dict[str, int]:
    """Every role at level debug; the ports of their metrics."""
    ports = {role: free_port() for role in (*FAUST_ROLES, "deliver", "collect")}
    variables = {"deliver": "CAPI_DELIVER_PORT", "collect": "CAPI_COLLECT_HEALTH_PORT"}
    for role, port in ports.items():
        shop.env[variables.get(role, "CAPI_METRICS_PORT")] = str(port)
        faust = ["faust", "-A", f"agents.{role}", "worker", "-l", "debug"]
        shop.roles[role] = shop.process(role, faust if role in FAUST_ROLES else ["agents.cli", role])
    return ports


async def by_http(shop: Site, marks: Marks) -> None:
    """A batch that is taken, one that is not, and requests that are refused as a whole."""
    url = f"http://127.0.0.1:{shop.settings.collect_port}/v1/events"
    headers = {
        "Origin": PAGE,
        "X-Capi-Key": KEY,
        "Content-Type": "application/json",
        "Cookie": f"_fbp={marks.fbp}",
    }
    good = json.dumps(
        personal(marks, "http", event("http", 1, "Purchase", custom_data={"value": 1, "currency": "EUR"}))
    )
    async with httpx.AsyncClient() as client:
        taken = await client.post(url, content=good, headers=headers)
        assert taken.status_code == 200, taken.text
        bad = await client.post(url, content=json.dumps(rejected(marks)), headers=headers)
        assert not list(traces_of(all_needles(marks), [("answer", taken.content), ("answer", bad.content)]))
        for body, more in (
            (f'{{"events": "{marks.email}"}}', {}),
            (f"not JSON {marks.email}", {}),
            (good, {"X-Capi-Key": marks.token}),
            (good, {"Origin": f"https://{marks.email}"}),
        ):
            refused = await client.post(f"{url}?access_token={marks.token}", content=body, headers=headers | more)
            assert refused.status_code >= 400
            assert not list(traces_of(all_needles(marks), [("answer", refused.content)]))


async def by_kafka(shop: Site, marks: Marks) -> None:
    shop.behave(mode="refuse_event", event_id="parked-4")
    shop.behave(mode="500", platform="meta", times=1)
    await shop.produce(*personal(marks, "bought"), *personal(marks, "parked"), *rejected(marks))
    await shop.produce(*(event(f"n{n}", 1, name) for n, name in enumerate(HOSTILE_NAMES)))
    async with producer_of(shop.settings) as producer:
        for raw in (f"not JSON {marks.email}", f'{{"em": "{marks.email}"', '{"a":' * 5_000 + f'"{marks.email}"'):
            await producer.send_and_wait(shop.settings.topic("events"), raw.encode(), b"poison")


def outcomes_are(*wanted: str) -> Any:
    def enough(found: Sequence[ConsumerRecord]) -> bool:
        return set(wanted) <= {decode_outcome(record.value).outcome for record in found}

    return enough


async def crash(shop: Site, marks: Marks, role: str) -> None:
    """A state that cannot be read ends a worker with a traceback. The value is the test's own, not the site's."""
    shop.roles[role].terminate()
    await asyncio.to_thread(shop.roles[role].wait, 30)
    async with producer_of(shop.settings) as producer:
        value = json.dumps({"v": marks.email, marks.email: marks.token}).encode()
        await producer.send_and_wait(changelog_topic(shop.settings, role), value, b"default|poison", 0)
    again = shop.process(role, ["faust", "-A", f"agents.{role}", "worker", "-l", "debug"])
    assert await asyncio.to_thread(again.wait, 60) == 70


async def test_nothing_of_a_person_or_a_token_is_anywhere_in_the_clear(tmp_path: Path) -> None:
    marks = Marks()
    own = {"collect_port": free_port(), "log_level": "debug", "log_format": "json", "idle_s": 4}
    with site(tmp_path, **own) as shop:
        shop.settings.tenants.write_text(shop.settings.tenants.read_text() + KEYS)
        shop.env["TEST_TOKEN"] = marks.token
        ports = start_all(shop)
        outcomes, rejects = shop.settings.topic("outcomes"), shop.settings.topic("rejects")
        await by_kafka(shop, marks)
        await eventually(lambda: _answers(ports["collect"]), 40)
        await by_http(shop, marks)
        await read_until(shop.settings, outcomes, outcomes_are("delivered", "transient", "invalid"), 60)
        await read_until(shop.settings, rejects, lambda found: len(found) >= 20, 30)
        shop.behave(mode="refuse_token")
        await shop.produce(*personal(marks, "dead"))
        await read_until(shop.settings, outcomes, outcomes_are("misconfigured"), 60)
        shop.roles["deliver"].terminate()
        await asyncio.to_thread(shop.roles["deliver"].wait, 30)
        await shop.produce(*personal(marks, "queued"), *personal(marks, "held", event("held", 1, "PageView")))
        await eventually(lambda: ready(shop.settings, "meta_queue"), 30)
        del ports["deliver"]

        for role in FAUST_ROLES:
            assert await _answers(ports[role]), f"{role} is ready"
        shown = [text async for text in pages(f"http://127.0.0.1:{port}/metrics" for port in ports.values())]
        kept = [text for source in (records, redis_items, messages) async for text in source(shop.settings)]
        await crash(shop, marks, "sessions")
        shown += files(tmp_path)
    served = [text for place, text in shown if place.endswith("/metrics")]
    assert sum(b"capi_lag_records{" in text for text in served) == len(FAUST_ROLES)
    said = b"\n".join(text for _, text in shown)
    assert b"state in doubt" in said, "the crash is told of"
    assert b'"rejected"' in said, "and each reject, for this is level debug"
    assert {place for place, _ in kept} >= {"capi_parked", "meta_queue"}
    assert any(place.startswith("Redis") for place, _ in kept)
    assert list(traces_of(all_needles(marks), kept)) == []
    assert list(traces_of(shown_needles(marks), shown)) == []
    assert b"Hostile" not in b"\n".join(served), "an event's name makes no series"


async def _answers(port: int) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
        except httpx.TransportError:
            return False
