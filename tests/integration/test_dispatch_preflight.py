"""Dispatch on real Kafka and RabbitMQ: what one platform would refuse goes to the other only."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from streams.events import Batch, decode_job, decode_reject, encode
from tests.contract.jobs import batch_of, job
from tests.kafka import eventually, producer_of, read_until
from tests.rabbit import ready, take_all
from tests.site import META, TIKTOK, site

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]


def batch(event_id: str, **event: Any) -> Batch:
    now_ms = time.time_ns() // 1_000_000
    return batch_of(job(event_id=event_id, event_time_ms=now_ms, **event), f"b-{event_id}", now_ms)


async def test_one_reject_and_one_job_of_an_event_that_one_platform_refuses(tmp_path: Path) -> None:
    with site(tmp_path) as shop:
        settings = shop.settings
        shop.worker("dispatch")
        async with producer_of(settings) as producer:
            for made in (batch("no-amount", custom_data={}), batch("denied", consent="denied"), batch("good")):
                await producer.send_and_wait(settings.topic("batches"), encode(made), made.key)

        async def two_at_tiktok() -> bool:
            return await ready(settings, "tiktok_queue") == 2

        await eventually(two_at_tiktok, 60)
        (record,) = await read_until(settings, settings.topic("rejects"), lambda found: len(found) >= 1)
        reject = decode_reject(record.value)
        assert (reject.event_id, reject.platform, reject.pixel_id) == ("no-amount", "meta", META)
        assert (reject.tenant, reject.field) == ("default", "custom_data.value")
        assert reject.reason
        assert reject.fix
        jobs = [
            decode_job(m.body) for queue in ("meta_queue", "tiktok_queue") for m in await take_all(settings, queue)
        ]
        assert [(made.platform, made.pixel_id, made.event.event_id) for made in jobs] == [
            ("meta", META, "good"),
            ("tiktok", TIKTOK, "no-amount"),
            ("tiktok", TIKTOK, "good"),
        ]
        assert {made.score for made in jobs} == {10.0}
