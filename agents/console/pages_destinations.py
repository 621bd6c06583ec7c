"""/destinations: how each pixel is doing; pausing one, letting it go on, and sending it a test event."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from agents.access.users import User
from agents.console.desk import Desk
from agents.console.destinations import listed, look, rows_of, tenants_of
from agents.console.pages import action, page, render
from agents.dest_trial import NotSentError, build, send, shown_request
from sinks.lane_switch import Lane, LaneSwitch, Pause, SwitchError
from streams.tenants import Destination, TenantsError

MAX_WHY = 200
TRIED_EVENT = "Purchase"


@page("/destinations", role="viewer", nav="Destinations")
async def destinations(desk: Desk, request: web.Request, user: User) -> web.Response:
    return await _show(desk, request, user)


@action("/destinations/pause", role="operator")
async def pause(desk: Desk, request: web.Request, user: User) -> web.Response:
    form = await request.post()
    note = Pause(who=user.name, since_ms=_now_ms(), why=str(form.get("why", "")).strip()[:MAX_WHY])
    return await _switch(desk, request, user, "pause", note.why, lambda switch, lane: switch.pause(lane, note))


@action("/destinations/resume", role="operator")
async def resume(desk: Desk, request: web.Request, user: User) -> web.Response:
    return await _switch(desk, request, user, "resume", "", lambda switch, lane: switch.resume(lane))


@action("/destinations/test", role="operator")
async def test(desk: Desk, request: web.Request, user: User) -> web.Response:
    """One made-up event. The test event code is the form's, else the tenants file's."""
    form = await request.post()
    tenant, (platform, pixel) = str(form.get("tenant", "")), await _lane(request)
    destination = desk.settings.tenant_map.destination(tenant, platform, pixel)
    if destination is None or not user.sees(tenant):
        raise web.HTTPNotFound(text="There is no such destination.")
    tried = await asyncio.to_thread(_try, desk, destination, tenant, str(form.get("code", "")).strip()[:MAX_WHY])
    answer = tried["answer"]
    result = f"{answer['outcome']} {answer.get('code', '')}".strip() if answer else "not sent"
    await desk.note(user, "test", f"{platform} {pixel}", tenant=tenant, result=result)
    return await _show(desk, request, user, tried=tried)


async def _switch(
    desk: Desk,
    request: web.Request,
    user: User,
    what: str,
    why: str,
    change: Callable[[LaneSwitch, Lane], Awaitable[bool]],
) -> web.Response:
    """Turn the switch, note it for every tenant that uses the pixel, and show the page anew."""
    lane = await _lane(request)
    tenants = tenants_of(desk.settings, lane)
    if not tenants or not any(user.sees(tenant) for tenant in tenants):
        raise web.HTTPNotFound(text="There is no such destination.")
    if not all(user.sees(tenant) for tenant in tenants):
        raise web.HTTPForbidden(text="Other tenants use this pixel too: ask somebody who sees them all.")
    switch = LaneSwitch(desk.settings)
    try:
        changed = await change(switch, lane)
    except SwitchError as error:
        return await _show(desk, request, user, problem=str(error))
    finally:
        await switch.close()
    for tenant in tenants:
        result = "done" if changed else "nothing changed"
        await desk.note(user, what, " ".join(lane), tenant=tenant, why=why, result=result)
    raise web.HTTPSeeOther("/destinations")


async def _lane(request: web.Request) -> Lane:
    form = await request.post()
    return str(form.get("platform", "")), str(form.get("pixel", ""))


def _try(desk: Desk, destination: Destination, tenant: str, code: str) -> dict[str, Any]:
    """What went out, without the token, what came back, or why nothing went out."""
    about: dict[str, Any] = {"destination": destination, "tenant": tenant, "request": {}, "answer": {}, "why": ""}
    try:
        request = build(desk.settings, destination, tenant, TRIED_EVENT, code)
        answer = send(desk.settings, destination, request)
    except (NotSentError, TenantsError) as error:
        return about | {"why": str(error)}
    return about | {"request": shown_request(request), "answer": answer}


async def _show(
    desk: Desk, request: web.Request, user: User, tried: dict[str, Any] | None = None, problem: str = ""
) -> web.Response:
    seen = await look(desk, user, _now_ms())
    problems = [problem, *seen.problems] if problem else seen.problems
    return render(
        request,
        "destinations.html",
        rows=rows_of(desk.settings, user, seen),
        problems=problems,
        tried=tried,
        tenants=len({tenant for tenant, _ in listed(desk.settings) if user.sees(tenant)}),
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
