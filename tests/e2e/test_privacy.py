"""A whole site at level debug, with all that goes wrong: nothing of a person and no token is in the clear."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka.structs import ConsumerRecord

from agents.roles import FAUST_ROLES
from streams.events import decode_outcome, decode_reject
from streams.settings import Settings
from streams.topics import changelog_topic
from tests.e2e import looks, planted
from tests.e2e.marked import (
    KEYS,
    SECRET,
    berlin_of,
    by_browser,
    by_gateway,
    by_kafka,
    by_redis,
    by_server,
    personal,
)
from tests.e2e.visits import event
from tests.expressions import expressions, seen_in, wrong
from tests.kafka import eventually, producer_of, read_until, topics_of
from tests.privacy import (
    Marks,
    Text,
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
from tests.unit.console.desk import PASSWORD
from tests.workers import environment, start

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

PORTS = {"deliver": "CAPI_DELIVER_PORT", "collect": "CAPI_COLLECT_HEALTH_PORT", "intake": "CAPI_INTAKE_PORT"}
VISITS = ("bought", "parked", "gone", "held", "http", "pushed", "berlin")
# Lines about events, batches and jobs, all of which have to come
OF_EVENTS = {
    "rejected",
    "post",
    "event refused",
    "event not delivered",
    "a batch is given up",
    "a batch is not taken",
}
IDS = ("tenant", "session_id", "event_id")


def faust(role: str) -> list[str]:
    return ["faust", "-A", f"agents.{role}", "worker", "-l", "debug"]


def start_all(shop: Site) -> dict[str, int]:
    """Every role at level debug; the ports of their metrics."""
    ports = {role: free_port() for role in (*FAUST_ROLES, *PORTS)}
    for role, port in ports.items():
        shop.env[PORTS.get(role, "CAPI_METRICS_PORT")] = str(port)
        shop.roles[role] = shop.process(role, ["agents.cli", role] if role in PORTS else faust(role))
    return ports


def start_berlin(shop: Site, berlin: Settings) -> int:
    """A client site's way to the centre; its doors and its sessions are those of any site."""
    port = free_port()
    env = environment(berlin, TEST_SIGNING=SECRET, CAPI_METRICS_PORT=str(port))
    shop.processes.append(start(faust("dispatch"), env, shop.folder / "berlin.log"))
    return port


def outcomes_are(*wanted: str) -> Any:
    def enough(found: Sequence[ConsumerRecord]) -> bool:
        return set(wanted) <= {decode_outcome(record.value).outcome for record in found}

    return enough


def rejects_of(*wanted: str) -> Any:
    """Of each of these, and of the intake's queue."""

    def enough(found: Sequence[ConsumerRecord]) -> bool:
        told = [decode_reject(record.value) for record in found]
        return set(wanted) <= {reject.event_id for reject in told} | {
            reject.topic.split("/")[0] for reject in told
        }

    return enough


async def through_all_doors(
    shop: Site, berlin: Settings, marks: Marks, other: Marks, ports: dict[str, int]
) -> None:
    shop.behave(mode="refuse_event", event_id="parked-4")
    shop.behave(mode="500", platform="meta", times=1)
    await by_kafka(shop, marks, other)
    await by_redis(shop.settings, marks)
    await by_gateway(berlin, marks)
    await eventually(lambda: _answers(ports["collect"]), 120)
    await by_browser(shop.settings, marks)
    await by_server(shop.settings, marks)
    topic, queue = shop.settings.topic, shop.settings.intake_queue
    await read_until(shop.settings, topic("outcomes"), outcomes_are("delivered", "transient", "invalid"), 90)
    await read_until(
        shop.settings, topic("rejects"), rejects_of("worthless-1", topic("events"), "http", queue), 60
    )
    await read_until(berlin, berlin.topic("rejects"), rejects_of("old-1"), 60)
    await eventually(lambda: ready(shop.settings, "capi_parked"), 30)


async def by_hand(shop: Site, other: Marks) -> list[Text]:
    """What operators do, and what they are told."""
    return [
        await looks.command(shop, "dead show --event parked-4"),
        await looks.command(shop, "dead replay --event parked-4"),
        await looks.command(shop, "replay --since 1h --tenant default"),
        await looks.command(shop, "erase --tenant default --email - --yes --wait 60", other.email),
    ]


async def in_trouble(shop: Site, marks: Marks) -> None:
    """A dead token, a rung with a job on it, jobs that nobody takes, and a session that stays open."""
    outcomes = shop.settings.topic("outcomes")
    shop.behave(mode="500", platform="tiktok")
    await shop.produce(*personal(marks, "rung"))
    await eventually(lambda: ready(shop.settings, "retry_60s"), 60)
    shop.behave(mode="refuse_token")
    await shop.produce(*personal(marks, "dead"))
    await read_until(shop.settings, outcomes, outcomes_are("misconfigured"), 60)
    shop.roles["deliver"].terminate()
    await asyncio.to_thread(shop.roles["deliver"].wait, 30)
    await shop.produce(*personal(marks, "queued"), *personal(marks, "held", event("held", 1, "PageView")))
    await eventually(lambda: ready(shop.settings, "meta_queue"), 30)


async def shown_to_people(shop: Site, ports: Iterable[int], marks: Marks) -> list[Text]:
    settings, digest = shop.settings, hashlib.sha256(b"nobody").hexdigest()
    urls = [f"http://127.0.0.1:{port}/{path}" for port in ports for path in ("metrics", "healthz")]
    sources = (
        pages(urls),
        looks.views(settings, VISITS),
        looks.people(settings, marks),
        looks.console(settings, VISITS),
        looks.flushed(settings, "held", marks),
        looks.ledger(settings, VISITS, digest),
    )
    return [text for source in sources async for text in source]


async def kept(shop: Site, berlin: Settings) -> list[Text]:
    sources = (
        records(shop.settings),
        records(berlin, but=("events", "batches")),  # the batch in the clear, as another release made it
        redis_items(shop.settings),
        messages(shop.settings),
    )
    return [text for source in sources async for text in source]


async def crash(shop: Site, marks: Marks, role: str) -> None:
    """State of another release ends a worker with a traceback; what is no state is rejected before. The values are
    the test's own, not the site's."""
    shop.roles[role].terminate()
    await asyncio.to_thread(shop.roles[role].wait, 30)
    async with producer_of(shop.settings) as producer:
        for key, version in ((b"default|poison", marks.email), (b"default|other", 2)):
            value = json.dumps({"v": version, marks.email: marks.token}).encode()
            await producer.send_and_wait(changelog_topic(shop.settings, role), value, key, 0)
    again = shop.process(role, faust(role))
    assert await asyncio.to_thread(again.wait, 60) == 70


def log_lines(texts: Iterable[Text]) -> Iterator[dict[str, Any]]:
    """Ours; those of a process that is not set up yet are not JSON."""
    for _, text in texts:
        for line in text.splitlines():
            if line.startswith(b"{"):
                yield json.loads(line)


def lines_name_their_events(lines: Sequence[dict[str, Any]]) -> None:
    of_events = [line for line in lines if line["event"] in OF_EVENTS]
    assert {line["event"] for line in of_events} == OF_EVENTS
    assert [line for line in of_events if not all(name in line for name in IDS)] == []
    unnamed = [line for line in of_events if not all(line[name] for name in IDS)]
    assert {line["event"] for line in unnamed} <= {"rejected"}, "only what could not be read has no name"
    assert any(line["event"] == "rejected" and line["session_id"] == "worthless" for line in lines)


async def test_nothing_of_a_person_or_a_token_is_anywhere_in_the_clear(tmp_path: Path) -> None:
    marks, other, plant = Marks(), Marks(), f"planted-{secrets.token_hex(6)}@example.com"
    console, web = free_port(), free_port()
    own = {
        "collect_port": free_port(),
        "console_port": console,
        "console_url": f"http://127.0.0.1:{console}",
        "idle_s": 120,  # a purchase ends a visit, and the one without stays open while it is looked at
        "max_age_s": 150,
        "console_users": tmp_path / "users.toml",
        "internal_secret": f"file:{tmp_path / 'internal.secret'}",
        "intake_queue": f"queue:{secrets.token_hex(4)}",
        "sessions_url": f"http://127.0.0.1:{web}",
        "web_port": web,
    }
    with site(tmp_path, **own, log_level="debug", log_format="json", retry_s=(1, 60)) as shop:
        shop.settings.tenants.write_text(shop.settings.tenants.read_text() + KEYS)
        shop.env |= {"TEST_TOKEN": marks.token, "TEST_SIGNING": SECRET}
        looks.add_admin(shop.settings)
        berlin = berlin_of(shop, log_level="debug", log_format="json")
        async with topics_of(berlin):
            ports = start_all(shop)
            ports["berlin"] = start_berlin(shop, berlin)
            await through_all_doors(shop, berlin, marks, other, ports)
            shown = await by_hand(shop, other)
            shown += [text async for text in pages([f"http://127.0.0.1:{ports['deliver']}/metrics"])]
            await in_trouble(shop, marks)
            del ports["deliver"]
            shown += await shown_to_people(shop, ports.values(), marks)
            places = await planted.in_topics(shop.settings, plant) | await planted.in_queues(
                shop.settings, plant, "retry_1s"
            )
            places |= await planted.in_redis(shop.settings, plant)
            found = await kept(shop, berlin)
            await crash(shop, marks, "sessions")
            shown += files(tmp_path)
    served = [text for place, text in shown if place.endswith("/metrics")]
    said = b"\n".join(text for _, text in shown)
    # what is looked for is there to be seen
    seen = [*traces_of([plant], found)]
    assert {place for place in places if not any(one.startswith(f"{place}") for one in seen)} == set()
    assert {name for name in VISITS if not list(traces_of([name], shown))} == set()
    assert sum(b"capi_lag_records{" in text for text in served) == len(FAUST_ROLES) + 1
    assert b"state in doubt" in said, "the crash is told of"
    assert {"capi_parked", "meta_queue", "retry_60s"} <= {place for place, text in found if b"planted" not in text}
    lines_name_their_events([*log_lines(files(tmp_path))])
    # and nothing of it
    own_secrets = [SECRET.removeprefix("whsec_"), (tmp_path / "internal.secret").read_text().strip(), PASSWORD]
    people = [*shown_needles(marks), *shown_needles(other)]
    assert list(traces_of([*all_needles(marks), *all_needles(other), *own_secrets], found)) == []
    assert list(traces_of([*people, plant, *own_secrets], shown)) == []
    assert b"Hostile" not in b"\n".join(served), "an event's name makes no series"
    # dashboards and alerts name nothing that no role shows
    shown_metrics = seen_in(text.rpartition(b"\n")[0] for text in served)
    problems = {where: wrong(shown_metrics, of, told) for where, of, told in expressions()}
    assert {where: found for where, found in problems.items() if found} == {}


async def _answers(port: int) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
        except httpx.TransportError:
            return False
