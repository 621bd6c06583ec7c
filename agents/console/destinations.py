"""What the page of destinations shows: each pixel of the tenants file, its switch, its lane, what waits for it."""

from __future__ import annotations

import asyncio

import msgspec

from agents.access.users import User
from agents.console.desk import Desk
from agents.lane_report import Lanes, lane_report
from sinks.advice import advice
from sinks.lane_switch import Lane, LaneSwitch, Pause, SwitchError
from streams.ledger.lanes import LaneSeen
from streams.settings import Settings
from streams.tenants import Destination


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out. `problems` say what could not be asked: then nothing is in its place."""

    lanes: Lanes
    pauses: dict[Lane, Pause]
    problems: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One pixel of one tenant; times and `waiting` as in Lanes, 0 when there is none.

    `todo`: what to do about the trouble of a lane that is in some. `shared` are other tenants with this pixel, of
    which the user must see all to switch it.
    """

    tenant: str
    destination: Destination
    lane: LaneSeen
    pause: Pause | None
    last_ms: int
    waiting: int
    oldest_ms: int
    todo: str
    shared: tuple[str, ...]
    switchable: bool

    @property
    def state(self) -> str:
        return "paused" if self.pause else self.lane.state


async def look(desk: Desk, user: User, now_ms: int) -> Seen:
    """Everything at once: the ledger for the lanes, Redis for the switch."""
    scope = user.scope()
    report = lane_report(desk.settings)
    lanes, (pauses, unseen) = await asyncio.gather(report.look(desk.ask, scope, now_ms), _pauses(desk.settings))
    return Seen(lanes=lanes, pauses=pauses, problems=(unseen,) if unseen else ())


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
    lane, users = seen.lanes.seen.get(key, LaneSeen()), tenants_of(settings, switch)
    code = lane.trouble.partition(" ")[2]
    return Row(
        tenant=tenant,
        destination=one,
        lane=lane,
        pause=seen.pauses.get(switch),
        last_ms=max(lane.last_delivered_ms, seen.lanes.last_ms.get(key, 0)),
        waiting=seen.lanes.waiting.get(key, 0),
        oldest_ms=seen.lanes.oldest_ms.get(key, 0),
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
