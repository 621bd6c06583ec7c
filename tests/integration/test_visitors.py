"""Returning visitors on real Kafka: sessions and memory as processes that talk through the log."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.events import (
    Batch,
    Consent,
    Enriched,
    Erase,
    Event,
    Recalled,
    UserData,
    Visit,
    decode_batch,
    decode_input,
    decode_reject,
    encode,
)
from streams.settings import Settings
from streams.topics import changelog_topic
from streams.visitors import decode_memory, told
from tests.kafka import eventually, fresh_settings, producer_of, read_all, read_until, topics_of
from tests.workers import environment, faust_worker

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

TENANTS = "[tenants.shop]\n[tenants.forgetful]\nremember_days = 0\n"
RECALL_S = 4.0
EM, FN, ID = ("a" * 64,), ("b" * 64,), ("c" * 64,)
ADA = UserData(em=EM, fn=FN, external_id=ID, fbp="fb.1.1700000000000.1")
HER_BROWSER = UserData(fbp=ADA.fbp)


class Shop:
    """`start` and `kill` are for the roles, `sends` for events as they come from the door."""

    def __init__(self, settings: Settings, folder: Path, processes: ExitStack) -> None:
        self.settings, self._folder, self._processes = settings, folder, processes
        self._env = environment(settings)
        self._events = 0

    def start(self, role: str) -> subprocess.Popen[bytes]:
        return self._processes.enter_context(
            faust_worker(f"agents.{role}", self._env, self._folder / f"{role}.log")
        )

    async def sends(
        self, session: str, name: str, user: UserData, consent: Consent = "", tenant: str = "shop"
    ) -> str:
        self._events += 1
        event = Event(
            event_id=f"e{self._events}",
            event_name=name,
            event_time_ms=time.time_ns() // 1_000_000,
            tenant=tenant,
            session_id=session,
            user=user,
            consent=consent,
        )
        await self.writes("sessions.in", event.key, encode(event))
        return event.event_id

    async def writes(self, topic: str, key: bytes | None, value: bytes, partition: int | None = None) -> None:
        async with producer_of(self.settings) as producer:
            await producer.send_and_wait(self.settings.topic(topic), value, key, partition)

    async def memories(self) -> dict[bytes, dict[str, Any]]:
        """What the memory's changelog holds of each visitor."""
        records = await read_all(self.settings, changelog_topic(self.settings, "visitors"))
        last = {record.key: record.value for record in records}
        return {key: {**told(decode_memory(value))} for key, value in last.items() if value}

    async def remembers(self, *visitors: bytes) -> None:
        async def all_there() -> bool:
            return set(visitors) <= (await self.memories()).keys()

        await eventually(all_there, 40)

    async def left(self, event_id: str, within_s: float = 40) -> tuple[Batch, Enriched]:
        """The batch with this event, and the event in it."""

        def found(records: Any) -> bool:
            return any(event_id.encode() in record.value for record in records)

        records = await read_until(self.settings, self.settings.topic("batches"), found, within_s)
        batches = [decode_batch(record.value) for record in records]
        [pair] = [(b, e) for b in batches for e in b.events if e.event.event_id == event_id]
        return pair

    async def capi(self, *arguments: str, stdin: str = "") -> str:
        """The command, which must succeed; returns what it printed."""
        process = await asyncio.create_subprocess_exec(
            ".venv/bin/capi" if Path(".venv/bin/capi").exists() else "capi",
            *arguments,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(process.communicate(stdin.encode()), 30)
        assert process.returncode == 0, out.decode()
        return out.decode()


@asynccontextmanager
async def shop(folder: Path, *roles: str, **overrides: Any) -> AsyncIterator[Shop]:
    tenants = folder / "tenants.toml"
    tenants.write_text(TENANTS)
    short = {"idle_s": 3, "grace_s": 5, "tick_s": 0.5, "session_timeout_s": 6, "recall_s": RECALL_S}
    settings = fresh_settings(tenants=tenants, **(short | overrides))
    async with topics_of(settings):
        with ExitStack() as processes:
            made = Shop(settings, folder, processes)
            for role in roles:
                made.start(role)
            yield made


async def test_a_returning_visitor_is_known_from_the_first_event(tmp_path: Path) -> None:
    async with shop(tmp_path, "sessions", "visitors") as here:
        await here.sends("first", "Purchase", ADA)
        await here.remembers(b"shop|fbp:" + ADA.fbp.encode(), b"shop|external_id:" + ID[0].encode())
        viewed = await here.sends("second", "PageView", HER_BROWSER)
        bought = await here.sends("third", "Purchase", HER_BROWSER)
        batch, order = await here.left(bought)
        assert (batch.reason, order.event.user.em, order.event.user.fn) == ("purchase", EM, FN)
        assert order.backfilled["em"] == "visitor:fbp"
        waited_ms = batch.flushed_at_ms - batch.opened_at_ms
        assert waited_ms < 1000 * RECALL_S, "it left with the answer, not at the deadline"
        _, view = await here.left(viewed)
        assert (view.event.user.em, view.backfilled["em"]) == (EM, "visitor:fbp")


async def test_the_memory_survives_kill_9_between_teaching_and_asking(tmp_path: Path) -> None:
    async with shop(tmp_path, "sessions", recall_s=30, idle_s=60) as here:
        worker = here.start("visitors")
        await here.sends("first", "Purchase", ADA)
        await here.remembers(b"shop|fbp:" + ADA.fbp.encode())
        worker.send_signal(signal.SIGKILL)
        bought = await here.sends("second", "Purchase", HER_BROWSER)
        here.start("visitors")
        _, order = await here.left(bought, 60)
        assert (order.event.user.em, order.backfilled["em"]) == (EM, "visitor:fbp")


async def test_an_order_does_not_wait_longer_than_it_may_for_a_memory_that_is_down(tmp_path: Path) -> None:
    async with shop(tmp_path, "sessions", recall_s=1.5, idle_s=20) as here:
        bought = await here.sends("first", "Purchase", HER_BROWSER)
        batch, order = await here.left(bought)
        assert (batch.reason, order.backfilled) == ("purchase", {})
        assert batch.flushed_at_ms - batch.opened_at_ms == 1_500


async def test_withdrawn_consent_and_a_tenant_that_does_not_remember_leave_nothing(tmp_path: Path) -> None:
    async with shop(tmp_path, "sessions", "visitors") as here:
        await here.sends("first", "Purchase", ADA)
        mine = b"shop|fbp:" + ADA.fbp.encode()
        await here.remembers(mine, b"shop|external_id:" + ID[0].encode())
        await here.sends("off", "Purchase", ADA, tenant="forgetful")
        await here.sends("second", "PageView", UserData(fbp=ADA.fbp, external_id=ID), consent="denied")

        async def forgotten() -> bool:
            return await here.memories() == {}

        await eventually(forgotten)
        bought = await here.sends("third", "Purchase", HER_BROWSER)
        _, order = await here.left(bought)
        assert order.backfilled == {}
        log = await read_all(here.settings, changelog_topic(here.settings, "visitors"))
        assert not any(record.key.startswith(b"forgetful|") for record in log)


async def test_a_person_is_erased_from_memory_and_open_sessions(tmp_path: Path) -> None:
    site = {"gateway_url": "http://127.0.0.1:9", "gateway_site": "north"}  # so there is no RabbitMQ to look at
    async with shop(tmp_path, "sessions", "visitors", idle_s=60, **site) as here:
        await here.sends("first", "Purchase", ADA)
        await here.remembers(b"shop|fbp:" + ADA.fbp.encode(), b"shop|external_id:" + ID[0].encode())
        other = UserData(em=("d" * 64,), fbp="fb.1.1700000000000.2")
        await here.sends("other", "Purchase", other)
        await here.remembers(b"shop|fbp:" + other.fbp.encode())
        held = await here.sends("open", "ViewContent", UserData(em=EM))
        said = await here.capi("erase", "--tenant", "shop", "--field", "em", "--digest", EM[0], "--yes", "--json")
        assert EM[0] not in said
        rejects = await read_until(here.settings, here.settings.topic("rejects"), lambda found: len(found) >= 1)
        assert [(r.event_id, r.reason) for r in (decode_reject(record.value) for record in rejects)] == [
            (held, "erased on request")
        ]

        async def only_the_other() -> bool:
            return (await here.memories()).keys() == {b"shop|fbp:" + other.fbp.encode()}

        await eventually(only_the_other)
        _, order = await here.left(await here.sends("next", "Purchase", HER_BROWSER))
        assert order.backfilled == {}


async def test_what_is_no_visit_is_rejected_and_every_question_is_answered(tmp_path: Path) -> None:
    async with shop(tmp_path, "visitors") as here:
        asks = Visit(tenant="shop", visitor="fbp:x", session_id="s", asks=True, ask_id=3)
        await here.writes("visitors.in", b"shop|fbp:x", b"{", 0)
        await here.writes("visitors.in", b"shop|fbp:y", encode(asks), 0)
        await here.writes("visitors.in", None, encode(Erase(tenant="shop", field="em", digest=EM[0])), 0)
        await here.writes("visitors.in", asks.key, encode(asks))
        answers = await read_until(
            here.settings, here.settings.topic("sessions.in"), lambda found: len(found) >= 1
        )
        assert [(record.key, decode_input(record.value)) for record in answers] == [
            (b"shop|s", Recalled(tenant="shop", visitor="fbp:x", session_id="s", ask_id=3))
        ]
        rejects = await read_until(here.settings, here.settings.topic("rejects"), lambda found: len(found) >= 2)
        assert {decode_reject(record.value).reason for record in rejects} == {
            "not a visitor record",
            "key of the record is not tenant|visitor of the visit",
        }
