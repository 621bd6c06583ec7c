"""A service that is away is waited for, or done without: the roles as processes on a site of each test's own."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from tests.e2e.visits import taken, visit
from tests.kafka import eventually
from tests.site import site

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


async def test_without_redis_everything_is_delivered_all_the_same(tmp_path: Path) -> None:
    with site(tmp_path, redis_url="redis://127.0.0.1:1/0") as shop:
        shop.start_roles()
        await shop.produce(*visit("r"))
        lines = await eventually(lambda: len(t := taken(shop, "r")) == 7 and t, 60)
        assert {line["count"] for line in lines.values()} == {1}
        assert "Redis does not" in shop.logs(), "and it is said"


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
