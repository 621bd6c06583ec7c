"""Roles that are killed while visits are under way, and what is held meanwhile: the roles as processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import redis
from aiokafka.structs import ConsumerRecord

from agents.roles import ROLES
from streams.events import decode_batch
from tests.e2e.visits import event, taken, visit
from tests.kafka import eventually, read_until
from tests.site import Site, site

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all tests. Purchases flush; no visit ends while a role is away."""
    with site(tmp_path_factory.mktemp("shop"), idle_s=60, max_age_s=120) as made:
        made.start_roles()
        yield made


@pytest.mark.parametrize("role", ROLES)
async def test_nothing_is_lost_when_a_role_is_killed(shop: Site, role: str) -> None:
    sessions = [f"{role}{n}" for n in range(30)]
    await shop.produce(*visit(f"{role}-warm"))
    await eventually(lambda: len(taken(shop, f"{role}-warm")) == 7, 60)
    await shop.produce(*(one for session in sessions[:10] for one in visit(session)))
    shop.roles[role].send_signal(signal.SIGKILL)
    await shop.produce(*(one for session in sessions[10:20] for one in visit(session)))
    shop.worker(role)
    await shop.produce(*(one for session in sessions[20:] for one in visit(session)))
    lines = await eventually(lambda: len(t := taken(shop, *sessions)) == 7 * len(sessions) and t, 90)
    assert all("em" in line["keys"] for (platform, _), line in lines.items() if platform == "meta")

    def left(records: Sequence[ConsumerRecord]) -> list[str]:
        batches = [decode_batch(record.value) for record in records]
        return [one.event.event_id for batch in batches if batch.session_id in sessions for one in batch.events]

    batches = await read_until(
        shop.settings, shop.settings.topic("batches"), lambda found: len(left(found)) >= 120
    )
    assert len(left(batches)) == len(set(left(batches))) == 4 * 30


async def test_the_mirror_shows_the_open_session_and_goes_with_the_flush(shop: Site) -> None:
    mirror = redis.Redis.from_url(shop.settings.redis_url)
    key = f"{shop.settings.namespace}:session:m"
    await shop.produce(event("m", 1, "PageView"), event("m", 2, "Identify", user_data={"em": "jane@example.com"}))

    def shown() -> list[bytes]:
        items: Any = mirror.lrange(key, 0, -1)
        return [item for item in items if b'"em"' in item]

    (first,) = await eventually(shown, 40)
    assert b"jane" not in first
    assert mirror.ttl(key) > 0
    await shop.produce(visit("m")[3])
    await eventually(lambda: not mirror.exists(key), 30)
