"""What the mirror decides without a Redis."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from sinks.redis_mirror import CHUNK_BYTES, MOST_DIRTY, Mirror, mirror_ttl_s, redis_key
from streams.settings import load_settings

NOWHERE = "redis://127.0.0.1:1/0"


def test_default_tenant_has_the_plain_key_and_others_cannot_collide_with_it() -> None:
    assert redis_key("capi", b"default|abc") == b"capi:session:abc"
    assert redis_key("capi", b"shop|abc") == b"capi:session:shop|abc"
    assert redis_key("test-1", b"default|default") == b"test-1:session:default"


def test_lists_outlive_the_longest_session() -> None:
    settings = load_settings(max_age_s=14_400, idle_s=1_800, grace_s=600)
    assert mirror_ttl_s(settings) == 14_400 + 1_800 + 600 + 60


def test_untold_keys_are_bounded_and_then_everything_is_drawn() -> None:
    table = {b"default|%d" % n: [b"1"] for n in range(MOST_DIRTY + 1)}
    mirror = Mirror(NOWHERE, "test", 60, 0.25, table.get, lambda: [*table])
    mirror.touch(table)
    drawn: set[bytes] = set()
    while keys := mirror._next_keys():
        drawn.update(mirror._drawing(keys))
    assert drawn == set(table)


def test_a_chunk_ends_at_its_bytes_and_the_rest_stays_behind() -> None:
    table = {b"default|%d" % n: [b"x" * (CHUNK_BYTES // 4)] for n in range(20)}
    mirror = Mirror(NOWHERE, "test", 60, 0.25, table.get, lambda: [*table])
    mirror.touch(table)
    first = mirror._drawing(mirror._next_keys())
    assert len(first) == 5
    assert mirror._dirty == set(table) - set(first)


def test_switched_off_it_remembers_nothing() -> None:
    mirror = Mirror.of(load_settings(mirror=False), lambda _: None, list)
    mirror.touch([b"default|1"])
    assert not mirror._dirty


async def test_a_cancellation_that_the_client_swallows_ends_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = asyncio.Event()

    async def swallowing(*_: object) -> None:
        waiting.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    monkeypatch.setattr(Mirror, "_write", swallowing)
    mirror = Mirror(NOWHERE, "test", 60, 60, lambda _: [b"1"], list)
    mirror.touch([b"default|1"])
    task = asyncio.create_task(mirror.run())
    await asyncio.wait_for(waiting.wait(), 5)
    task.cancel()
    assert await asyncio.wait({task}, timeout=5) == ({task}, set())
