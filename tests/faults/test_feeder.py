"""The feeder tells the truth about what Kafka acknowledged, and keeps a visit in order."""

from __future__ import annotations

import msgspec
import pytest

from tests.faults.feeder import Feeder
from tests.faults.plan import make_plan
from tests.kafka import fresh_settings, read_all, topics_of

pytestmark = pytest.mark.stack


async def test_every_planned_send_is_in_the_topic_in_order() -> None:
    settings, plan = fresh_settings(), make_plan(3, events=300, sessions=40, duration_s=3)
    async with topics_of(settings):
        feeder = Feeder(settings.kafka_servers, settings.topic("events"), plan)
        await feeder.run()
        records = await read_all(settings, settings.topic("events"))
    assert feeder.accepted_ms.keys() == plan.events().keys()
    arrived: dict[bytes, list[str]] = {}
    for record in records:
        arrived.setdefault(record.key, []).append(msgspec.json.decode(record.value)["event_id"])
    planned: dict[bytes, list[str]] = {}
    for send in plan.sends:
        planned.setdefault(send.key, []).append(send.event_id)
    assert arrived == planned
