"""What the page of destinations shows: each pixel of the tenants file, its switch, its lane, what waits for it."""

from __future__ import annotations

import asyncio

import msgspec

from agents.access.users import User
from agents.console.desk import Desk
from sinks.advice import advice
from sinks.lane_switch import Lane, LaneSwitch, Pause, SwitchError
from streams.ledger.lanes import LaneKey, LaneSeen, lanes_seen, last_delivered, on_their_way
from streams.ledger.queries import CountsOf, RecentOf
from streams.settings import Settings
from streams.tenants import Destination

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
LINES = 500
ATTEMPTS = ("delivered", "retry", "parked")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out. `last_ms` is the last success within a day, `waiting` are the jobs of a day that are on
    their way, and `problems` say what could not be asked: then nothing is in its place."""

    lanes: dict[LaneKey, LaneSeen]
    last_ms: dict[LaneKey, int]
    pauses: dict[Lane, Pause]
    waiting: dict[LaneKey, int]
    problems: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One pixel of one tenant. `last_ms` 0: no success within a day. `waiting`: as in Seen.

    `todo`: what to do about the trouble of a lane that is in some. `shared` are other tenants with this pixel, of
    which the user must see all to switch it.
    """

    tenant: str
    destination: Destination
    lane: LaneSeen
    pause: Pause | None
    last_ms: int
    waiting: int
    todo: str
    shared: tuple[str, ...]
    switchable: bool

    @property
    def state(self) -> str:
        return "paused" if self.pause else self.lane.state


async def look(desk: Desk, user: User, now_ms: int) -> Seen:
    """Everything at once: the ledger for the lanes, Redis for the switch."""
    scope = user.scope()
    minutes, day, recent, (pauses, unseen) = await asyncio.gather(
        desk.ask(CountsOf(since_ms=now_ms - HOUR_MS, tenants=scope)),
        desk.ask(CountsOf(since_ms=now_ms - DAY_MS, step_ms=HOUR_MS, tenants=scope)),
        desk.ask(RecentOf(kinds=ATTEMPTS, limit=LINES, tenants=scope)),
        _pauses(desk.settings),
    )
    return Seen(
        lanes=lanes_seen(minutes.points, recent.lines, now_ms),
        last_ms=last_delivered(day.points),
        pauses=pauses,
        waiting=on_their_way(day.points),
        problems=(unseen,) if unseen else (),
    )


def rows_of(settings: Settings, user: User, seen: Seen) -> list[Row]:
    """The destinations of the user's tenants, in the order of the tenants file."""
    return [_row(settings, user, tenant, one, seen) for tenant, one in listed(settings) if user.sees(tenant)]


def listed(settings: Settings) -> list[tuple[str, Destination]]:
    """Tenant and destination, as the tenants file has them."""
    tenants = settings.tenant_map.tenants
    return [(name, destination) for name, tenant in tenants.items() for destination in tenant.destinations]


def tenants_of(settings: Settings, lane: Lane) -> tuple[str, ...]:
    """The tenants that send to a pixel."""
    return tuple(name for name, one in listed(settings) if (one.platform, one.pixel_id) == lane)


def _row(settings: Settings, user: User, tenant: str, one: Destination, seen: Seen) -> Row:
    key, switch = (tenant, one.platform, one.pixel_id), (one.platform, one.pixel_id)
    lane, users = seen.lanes.get(key, LaneSeen()), tenants_of(settings, switch)
    code = lane.trouble.partition(" ")[2]
    return Row(
        tenant=tenant,
        destination=one,
        lane=lane,
        pause=seen.pauses.get(switch),
        last_ms=max(lane.last_delivered_ms, seen.last_ms.get(key, 0)),
        waiting=seen.waiting.get(key, 0),
        todo="" if lane.state in ("open", "quiet") else advice(one.platform, code),
        shared=tuple(name for name in users if name != tenant and user.sees(name)),
        switchable=all(user.sees(name) for name in users),
    )


async def _pauses(settings: Settings) -> tuple[dict[Lane, Pause], str]:
    """And why nobody knows them, "" when somebody does."""
    switch = LaneSwitch(settings)
    try:
        return await switch.pauses(), ""
    except SwitchError as error:
        return {}, f"What is paused cannot be seen: {error}"
    finally:
        await switch.close()
