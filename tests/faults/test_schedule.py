"""The faults that are planned, and the processes that they hit."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from streams.tenants import parse_tenants
from tests.faults import roles
from tests.faults.faults import Fault, Trouble, schedule
from tests.faults.roles import Role, RoleError
from tests.faults.site import settings_of, tenants_toml
from tests.kafka import eventually

ROLES, WORKERS = (
    ("ingest", "sessions-1", "sessions-2", "visitors", "dispatch", "deliver"),
    ("sessions-1", "sessions-2"),
)
SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")


class NoBroker:
    def kill(self) -> bool:
        return False


@pytest.mark.parametrize("count", [5, 12, 30])
def test_schedule_is_seeded_and_holds_every_kind(count: int) -> None:
    faults = schedule(7, count, 110, ROLES, WORKERS)
    assert faults == schedule(7, count, 110, ROLES, WORKERS) != schedule(8, count, 110, ROLES, WORKERS)
    assert len(faults) == count
    assert {fault.kind for fault in faults} == {"kill", "stop", "broker"}
    assert all(a.at_s <= b.at_s < 110 for a, b in pairwise(faults))
    assert all(fault.lasts_s > 6 and fault.role in WORKERS for fault in faults if fault.kind == "stop")


def test_full_schedule_kills_every_role() -> None:
    for seed in range(20):
        killed = {fault.role for fault in schedule(seed, 12, 110, ROLES, WORKERS) if fault.kind == "kill"}
        assert killed == set(ROLES)


def test_tenants_file_of_the_site_is_one() -> None:
    shops = parse_tenants(tenants_toml()).tenants
    assert {(name, len(shop.destinations)) for name, shop in shops.items()} == {("north", 2), ("south", 2)}


def test_settings_are_those_of_the_environment() -> None:
    settings = settings_of({"CAPI_RETRY_S": "2,4", "CAPI_NAMESPACE": "x", "HOME": "/nowhere"})
    assert (settings.retry_s, settings.namespace) == ((2.0, 4.0), "x")


async def test_killed_role_is_started_again(tmp_path: Path) -> None:
    role = Role("sleeper", SLEEPER, os.environ, tmp_path)
    role.keep_up()
    said: list[str] = []
    faults = [Fault(0, "kill", "sleeper"), Fault(0.1, "kill", "sleeper"), Fault(0.2, "broker")]
    trouble = Trouble(faults, {"sleeper": role}, NoBroker(), said.append)
    under_way = asyncio.create_task(trouble.run())

    def back() -> bool:
        role.keep_up()
        return under_way.done() and role.running and len(role.exits) == 2

    try:
        await eventually(back, 10)
        assert role.exits == [-9, -9]
        assert trouble.done == faults[:2]
        assert "broker kafka: was not running" in said
    finally:
        role.stop()
    assert not role.running


async def test_another_command_is_for_one_life_only(tmp_path: Path) -> None:
    role = Role("once", SLEEPER, os.environ, tmp_path)
    role.next_life((sys.executable, "-c", "import os; raise SystemExit(int(os.environ['CODE']))"), {"CODE": "7"})

    def back() -> bool:
        role.keep_up()
        return role.running and role.exits == [7]

    try:
        await eventually(back, 10)
        assert role.pid > 0
    finally:
        role.stop()
    assert (role.exits, role.pid) == ([7, -signal.SIGTERM], 0)


async def test_role_that_never_comes_up_ends_the_test_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roles, "AGAIN_AFTER_S", 0.01)
    role = Role("broken", (sys.executable, "-c", "raise SystemExit('no such setting')"), os.environ, tmp_path)

    def keep_up() -> bool:
        role.keep_up()
        return False

    with pytest.raises(RoleError, match=r"broken does not stay up, exits .*\n(.*\n)*no such setting"):
        await eventually(keep_up, 30)
    assert len(role.exits) == roles.MOST_SHORT_LIVES
