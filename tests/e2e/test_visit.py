"""A visit goes all the way through: real Kafka, RabbitMQ and Redis, the roles as processes, stand-in platforms."""

from __future__ import annotations

import asyncio
import signal
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
import redis

from agents.roles import ROLES
from streams.events import decode_batch, decode_reject
from tests.kafka import eventually, read_until
from tests.site import Site, site

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
UA = "Mozilla/5.0 (X11; Linux x86_64)"


def event(session: str, number: int, name: str, **more: Any) -> dict[str, Any]:
    """`browser` is whose browser it is, by default one that no other session has."""
    browser = more.pop("browser", session)
    fbp = f"fb.1.1700000000000.{zlib.crc32(browser.encode())}"
    user = {"client_ip": "192.0.2.7", "client_user_agent": UA, "fbp": fbp}
    return {
        "event_id": f"{session}-{number}",
        "event_name": name,
        "timestamp": int(time.time()),
        "session_id": session,
        "event_source_url": "https://shop.example.com/p/1",
        "user_data": user | more.pop("user_data", {}),
        **more,
    }


def visit(session: str) -> list[dict[str, Any]]:
    bought = {
        "value": 59.9,
        "currency": "EUR",
        "order_id": f"o-{session}",
        "contents": [{"id": "1", "quantity": 1}],
    }
    return [
        event(session, 1, "PageView"),
        event(session, 2, "ViewContent", custom_data={"content_ids": ["1"], "content_type": "product"}),
        event(session, 3, "AddToCart", custom_data={"value": 59.9, "currency": "EUR", "content_ids": ["1"]}),
        event(session, 4, "Purchase", custom_data=bought, user_data={"em": "Jane.Doe@example.com", "fn": "Jane"}),
    ]


def taken(site: Site, *sessions: str) -> dict[tuple[str, str], dict[str, Any]]:
    """(platform, event_id) -> ledger line, of these sessions."""
    lines = [line for line in site.ledger() if line["event_id"].rpartition("-")[0] in sessions]
    return {(line["platform"], line["event_id"]): line for line in lines}


async def test_a_visit_is_delivered_enriched_on_both_platforms(tmp_path: Path) -> None:
    with site(tmp_path) as shop:
        for role in ROLES:
            shop.worker(role)
        await shop.produce(*visit("buyer"), *visit("leaver")[:3])
        # 4 + 3 on Meta; TikTok has no PageView
        lines = await eventually(lambda: len(t := taken(shop, "buyer", "leaver")) >= 12 and t, 60)
        assert {key for key in lines if key[0] == "tiktok"} == {
            ("tiktok", f"{session}-{n}")
            for session, n in [("buyer", 2), ("buyer", 3), ("buyer", 4), ("leaver", 2), ("leaver", 3)]
        }
        for n in (1, 2, 3, 4):
            assert "em" in lines["meta", f"buyer-{n}"]["keys"], "the purchase's identity is on the page view too"
        assert "email" in lines["tiktok", "buyer-2"]["keys"]
        assert "em" not in lines["meta", "leaver-1"]["keys"]
        assert {line["count"] for line in lines.values()} == {1}
        assert "jane" not in shop.logs().lower()


async def test_a_returning_visitor_arrives_known_on_both_platforms(tmp_path: Path) -> None:
    with site(tmp_path) as shop:
        for role in ROLES:
            shop.worker(role)
        await shop.produce(*visit("first"))
        await eventually(lambda: len(taken(shop, "first")) == 7, 60)
        again = event("second", 1, "ViewContent", browser="first", custom_data={"content_ids": ["1"]})
        await shop.produce(again)
        lines = await eventually(lambda: len(t := taken(shop, "second")) == 2 and t, 60)
        assert {"em", "fn"} <= set(lines["meta", "second-1"]["keys"])
        assert "email" in lines["tiktok", "second-1"]["keys"]


async def test_what_is_malformed_is_rejected_with_its_reason(tmp_path: Path) -> None:
    with site(tmp_path) as shop:
        for role in ("ingest", "sessions"):
            shop.worker(role)
        await shop.produce({"session_id": "x", "event_name": 7, "user_data": {"em": "jane@example.com"}})
        await shop.produce(event("x", 1, "PageView") | {"tenant": "nobody"}, event("x", 2, "Purchase"))
        rejects = await read_until(shop.settings, shop.settings.topic("rejects"), lambda found: len(found) >= 2)
        values = [decode_reject(record.value) for record in rejects]
        assert {value.topic for value in values} == {shop.settings.topic("events")}
        assert {value.field for value in values} == {"event_name", "tenant"}
        assert not any(b"jane" in record.value for record in rejects)
        await read_until(shop.settings, shop.settings.topic("batches"), lambda found: len(found) >= 1)


async def test_the_mirror_shows_the_open_session_and_goes_with_the_flush(tmp_path: Path) -> None:
    with site(tmp_path, idle_s=6) as shop:
        for role in ("ingest", "sessions"):
            shop.worker(role)
        mirror = redis.Redis.from_url(shop.settings.redis_url)
        key = f"{shop.settings.namespace}:session:m"
        await shop.produce(
            event("m", 1, "PageView"), event("m", 2, "Identify", user_data={"em": "jane@example.com"})
        )

        def shown() -> list[bytes]:
            items: Any = mirror.lrange(key, 0, -1)
            return [item for item in items if b'"em"' in item]

        (first,) = await eventually(shown, 40)
        assert b"jane" not in first
        assert mirror.ttl(key) > 0
        await eventually(lambda: not mirror.exists(key), 30)


async def test_without_redis_everything_is_delivered_all_the_same(tmp_path: Path) -> None:
    with site(tmp_path, redis_url="redis://127.0.0.1:1/0") as shop:
        for role in ROLES:
            shop.worker(role)
        await shop.produce(*visit("r"))
        lines = await eventually(lambda: len(t := taken(shop, "r")) == 7 and t, 60)
        assert {line["count"] for line in lines.values()} == {1}
        assert "Redis does not" in shop.logs(), "and it is said"


@pytest.mark.parametrize("role", ROLES)
async def test_nothing_is_lost_when_a_role_is_killed(tmp_path: Path, role: str) -> None:
    sessions = [f"k{n}" for n in range(30)]
    with site(tmp_path, idle_s=60, max_age_s=120) as shop:  # purchases flush; no visit ends while a role is away
        workers = {name: shop.worker(name) for name in ROLES}
        await shop.produce(*visit("warm"))
        await eventually(lambda: len(taken(shop, "warm")) == 7, 60)
        await shop.produce(*(one for session in sessions[:10] for one in visit(session)))
        workers[role].send_signal(signal.SIGKILL)
        await shop.produce(*(one for session in sessions[10:20] for one in visit(session)))
        shop.worker(role)
        await shop.produce(*(one for session in sessions[20:] for one in visit(session)))
        lines = await eventually(lambda: len(t := taken(shop, *sessions)) == 7 * len(sessions) and t, 90)
        assert all("em" in line["keys"] for (platform, _), line in lines.items() if platform == "meta")
        batches = await read_until(shop.settings, shop.settings.topic("batches"), lambda found: len(found) >= 31)
        left = [e.event.event_id for record in batches for e in decode_batch(record.value).events]
        assert len(left) == len(set(left)) == 4 * 31


async def test_rabbitmq_away_is_a_wait(tmp_path: Path) -> None:
    """dispatch waits for a virtual host that is not there yet, holds nothing up, and goes on."""
    with site(tmp_path) as shop:
        shop.worker("ingest"), shop.worker("sessions")
        good = shop.env["CAPI_RABBITMQ_URL"]
        shop.env["CAPI_RABBITMQ_URL"] = good.rpartition(":")[0] + ":1/" + good.rpartition("/")[2]
        waiting = shop.worker("dispatch")
        await shop.produce(*visit("r"))
        await eventually(lambda: "did not take the jobs" in shop.logs(), 40)
        waiting.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(waiting.wait, 30) == 0
        shop.env["CAPI_RABBITMQ_URL"] = good
        shop.worker("dispatch"), shop.worker("deliver")
        await eventually(lambda: len(taken(shop, "r")) == 7, 60)


async def test_waiting_for_rabbitmq_holds_no_rebalance_up(tmp_path: Path) -> None:
    """One dispatch waits for a RabbitMQ that it cannot reach; a second one joins and gets its share at once."""
    with site(tmp_path, session_timeout_s=30) as shop:
        shop.worker("ingest"), shop.worker("sessions"), shop.worker("deliver")
        good = shop.env["CAPI_RABBITMQ_URL"]
        shop.env["CAPI_RABBITMQ_URL"] = good.rpartition(":")[0] + ":1/" + good.rpartition("/")[2]
        waiting = shop.process("waiting", ["faust", "-A", "agents.dispatch", "worker", "-l", "warn"])
        await shop.produce(*(one for n in range(10) for one in visit(f"w{n}")))
        await eventually(lambda: "did not take the jobs" in shop.logs(), 40)
        shop.env["CAPI_RABBITMQ_URL"] = good
        shop.worker("dispatch")
        await eventually(
            lambda: len(shop.ledger()) > 0, 25
        )  # less than the session time-out: nobody was thrown out
        assert waiting.poll() is None
        waiting.send_signal(signal.SIGTERM)
        await eventually(lambda: len(taken(shop, *(f"w{n}" for n in range(10)))) == 70, 60)
