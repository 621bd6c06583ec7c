"""The idempotency store when Redis is away. With Redis: tests/integration/test_delivered.py."""

from __future__ import annotations

import asyncio
import time

from sinks.delivered import BREAK_S, UNASKED, DeliveredJobs
from streams.settings import load_settings


async def test_without_redis_own_memory_answers_and_redis_is_left_alone() -> None:
    now_s = 100.0
    store = DeliveredJobs(load_settings(redis_url="redis://127.0.0.1:9/0"), lambda: now_s)
    reads = UNASKED.labels("read")._value
    before = reads.get()
    started_s = time.monotonic()
    assert await store.claim(["a", "b"]) == {"a": "ours", "b": "ours"}
    await store.remember(["a"])
    await store.release(["b"])
    assert await store.claim(["a", "b"]) == {"a": "delivered", "b": "ours"}
    assert time.monotonic() - started_s < 1
    assert reads.get() - before == 3
    assert store._closed_until_s == now_s + BREAK_S
    assert not store.asks_redis
    now_s += BREAK_S + 1
    await store.claim(["c"])
    assert store._closed_until_s == now_s + BREAK_S, "it was asked again after the break"
    await store.close()


async def test_a_process_that_was_stopped_asks_again() -> None:
    store = DeliveredJobs(load_settings(redis_timeout_s=0.05))
    asked = 0

    async def ask() -> str:
        nonlocal asked
        asked += 1
        if asked == 1:
            time.sleep(0.2)  # everything in this process stands still
        await asyncio.sleep(0 if asked > 1 else 0.01)
        return "an answer"

    assert await store._ask("read", 1, ask) == "an answer"
    assert asked == 2
    assert store.asks_redis
    await store.close()
