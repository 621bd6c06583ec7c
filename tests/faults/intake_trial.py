"""Two intake workers that are killed while apps push, with a session worker behind them that counts."""

from __future__ import annotations

import asyncio
import json
import random
import re
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from redis import Redis

from streams.events import Event, decode_batch, decode_input
from streams.settings import Settings
from tests.faults.broker import PrivateBroker
from tests.faults.collect import committed, in_the_clear
from tests.faults.plan import MAILBOX
from tests.faults.roles import Role, capi, clean_environment, faust, run_once, stop_all
from tests.faults.site import settings_of
from tests.kafka import eventually

KEEP_UP_S = 0.2
READY_S, DRAIN_S = 60.0, 120.0
SETTLE_S = 6.0  # a session ends after four silent ones
WORKERS = ("intake-1", "intake-2")
SHORT = {  # but the grace, for which a session remembers ids: what is taken over from the dead comes late
    "CAPI_IDLE_S": "4",
    "CAPI_TICK_S": "0.5",
    "CAPI_SESSION_TIMEOUT_S": "6",
    "CAPI_TRANSACTION_TIMEOUT_S": "15",
    "CAPI_INTAKE_ITEMS": "50",
    "CAPI_WEB_PORT": "0",
    "CAPI_INTAKE_PORT": "0",
    "CAPI_MIRROR": "false",
}


class Account(NamedTuple):
    """`written` are copies in `sessions.in`, `delivered` different events that left a session, `duplicated` those
    that left more than once, `several_ids` more ids than one for an event. `recovered` were in a dead worker's
    hands."""

    pushed: int
    written: int
    delivered: int
    lost: int
    duplicated: int
    unexpected: int
    several_ids: int
    left_in_redis: int
    in_clear: int
    recovered: int
    kills: int


class IntakeTrial:
    """Events are told apart by their order's number: they have no id of their own."""

    def __init__(self, folder: Path, env: dict[str, str], broker: PrivateBroker | None) -> None:
        self.settings: Settings = settings_of(env)
        self._broker = broker
        self._redis = Redis.from_url(self.settings.redis_url)
        commands = {name: capi("intake") for name in WORKERS} | {"sessions": faust("agents.sessions")}
        self.roles = {name: Role(name, command, env, folder) for name, command in commands.items()}
        self._pushed = self._kills = 0

    async def run(self, events: int, rounds: int) -> Account:
        """A round pushes its share of the events and kills both workers while they take them. Where the broker is
        ours, every other round kills that instead."""
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(self._keep_up())
            for number in range(rounds):
                await eventually(lambda: all(map(self._takes, WORKERS)), READY_S)
                self._push(events // rounds)
                await asyncio.sleep(random.uniform(0, 0.2))
                if self._broker and number % 2:
                    self._broker.kill()
                else:
                    await self._kill_workers()
            if self._broker:
                await asyncio.to_thread(self._broker.up)  # what has come out is read from it
            account = await self._drained()
            keeper.cancel()
        return account

    async def _kill_workers(self) -> None:
        for name in WORKERS:
            role = self.roles[name]
            self._kills += role.kill()
            await eventually(partial(_is_gone, role), every_s=0.01)
            await asyncio.sleep(random.uniform(0, 0.2))

    async def _keep_up(self) -> None:
        while True:
            for role in self.roles.values():
                role.keep_up()
            await asyncio.sleep(KEEP_UP_S)

    def _takes(self, name: str) -> bool:
        role = self.roles[name]
        return role.running and self._said(name, "connected to Kafka") > len(role.exits)

    def _said(self, name: str, words: str) -> int:
        output = self.roles[name].output
        return output.read_text().count(words) if output.exists() else 0

    def _push(self, number: int) -> None:
        items = [_item(self._pushed + n) for n in range(number)]
        self._redis.lpush(self.settings.intake_queue, *items)
        self._pushed += number

    async def _drained(self) -> Account:
        """Once Redis is empty and every event has left its session, or too long after."""
        deadline_s, settled = monotonic() + DRAIN_S, False
        while True:
            account = await self._account()
            if settled or monotonic() > deadline_s:
                return account
            settled = not account.lost and not account.left_in_redis
            await asyncio.sleep(SETTLE_S)

    async def _account(self) -> Account:
        log = await committed(self.settings, "sessions.in")
        batches = await committed(self.settings, "batches")
        inputs = [decode_input(record.value) for record in log]
        copies = [(_number(value), value.event_id) for value in inputs if isinstance(value, Event)]
        out = Counter(_number(one.event) for record in batches for one in decode_batch(record.value).events)
        outputs = [role.output.read_bytes() for role in self.roles.values() if role.output.exists()]
        return Account(
            pushed=self._pushed,
            written=len(copies),
            delivered=len(out),
            lost=self._pushed - len(out.keys() & set(range(self._pushed))),
            duplicated=sum(count > 1 for count in out.values()),
            unexpected=len(out.keys() - set(range(self._pushed))),
            several_ids=len(set(copies)) - len({number for number, _ in copies}),
            left_in_redis=self._left(),
            in_clear=in_the_clear([*log, *batches], outputs),
            recovered=self._recovered(outputs),
            kills=self._kills,
        )

    def _left(self) -> int:
        """Items, in whosever hands."""
        queue = self.settings.intake_queue
        lists = [queue, f"{queue}:orphans", *self._redis.keys(f"{queue}:taken:*")]
        return sum(int(self._redis.llen(key)) for key in lists)

    def _recovered(self, outputs: Sequence[bytes]) -> int:
        told = re.findall(rb"what it had in hand is taken over +items=(\d+)", b"\n".join(outputs))
        return sum(map(int, told))

    def close(self) -> None:
        stop_all([*self.roles.values()])
        if keys := self._redis.keys(f"{self.settings.intake_queue}*"):
            self._redis.delete(*keys)
        self._redis.close()


def _is_gone(role: Role) -> bool:
    return not role.running


def _item(number: int) -> str:
    return json.dumps(
        {
            "event_name": "AddToCart",
            "session_id": f"visit-{number % 150}",
            "user_data": {"em": f"visitor-{number}{MAILBOX}"},
            "custom_data": {"order_id": str(number)},
        }
    )


def _number(event: Event) -> int:
    return int(event.custom_data["order_id"])


@contextmanager
def intake_trial(folder: Path, broker: PrivateBroker | None = None) -> Iterator[IntakeTrial]:
    """Topics exist; everything of its own goes at the end."""
    name = f"test-{secrets.token_hex(4)}"
    tenants = folder / "tenants.toml"
    tenants.write_text("[tenants.default]\n")
    own = {"CAPI_NAMESPACE": name, "CAPI_TENANTS": str(tenants), "CAPI_INTAKE_QUEUE": f"{name}:queue"}
    kafka = {"CAPI_KAFKA_URL": broker.url} if broker else {}
    env = clean_environment() | SHORT | own | kafka
    run_once(capi("topics", "apply"), env)
    trial = IntakeTrial(folder, env, broker)
    try:
        yield trial
    finally:
        trial.close()
