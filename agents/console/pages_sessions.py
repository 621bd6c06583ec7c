"""/sessions: what the session workers hold now; /sessions/one: a visit, what is known of it and from where."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar
from urllib.parse import quote

import msgspec
from aiohttp import web

from agents.access.users import User
from agents.console.desk import AwayError, Desk
from agents.console.pages import action, page, render
from agents.session_workers import SessionsError
from streams.ledger.answers import Traces
from streams.ledger.queries import SessionOf
from streams.session_view import Wanted, place_in

MAX_WHY, MAX_KEY = 200, 1_000  # characters
Answer = TypeVar("Answer")


@page("/sessions", role="viewer", nav="Sessions")
async def sessions(desk: Desk, request: web.Request, user: User) -> web.Response:
    try:
        wanted = msgspec.convert({k: v for k, v in request.query.items() if v}, Wanted, strict=False)
        place_in(wanted.after)
    except ValueError:  # msgspec's too
        raise web.HTTPBadRequest(text="These filters cannot be used: start over without them.") from None
    wanted = msgspec.structs.replace(wanted, limit=max(1, min(wanted.limit, 200)))
    found = await answered(desk.sessions.list(user, wanted))
    tenants = [name for name in desk.settings.tenant_map.tenants if user.sees(name)]
    return render(request, "sessions.html", wanted=wanted, found=found, tenants=tenants)


@page("/sessions/one", role="viewer")
async def one(desk: Desk, request: web.Request, user: User) -> web.Response:
    tenant, session_id = _key(request.query.get("key", ""), user)
    view, left = await asyncio.gather(
        answered(desk.sessions.show(user, tenant, session_id)), _left(desk, user, tenant, session_id)
    )
    return render(
        request,
        "session.html",
        status=404 if view is None and not (left and left.events) else 200,
        tenant=tenant,
        session_id=session_id,
        view=view,
        left=left,
        asked=request.query.get("asked", ""),
        remaining_s=max(0, (view.row.due_ms - _now_ms()) // 1000) if view else 0,
    )


@action("/sessions/flush", role="operator")
async def flush(desk: Desk, request: web.Request, user: User) -> web.Response:
    tenant, session_id, why = await _asked(request, user)
    await answered(desk.sessions.flush(user, tenant, session_id, why))
    raise web.HTTPSeeOther(_address(tenant, session_id, "flush"))


@action("/sessions/erase", role="admin")
async def erase(desk: Desk, request: web.Request, user: User) -> web.Response:
    tenant, session_id, why = await _asked(request, user)
    if not (await request.post()).get("sure"):
        raise web.HTTPBadRequest(text="Say that you are sure: there is no way back.")
    await answered(desk.sessions.erase(user, tenant, session_id, why))
    raise web.HTTPSeeOther(_address(tenant, session_id, "erase"))


async def answered(question: Awaitable[Answer]) -> Answer:
    """What the session workers say; their refusals become the console's."""
    try:
        return await question
    except SessionsError as error:
        if error.status == 403:
            raise web.HTTPForbidden(text=str(error)) from None
        if error.status in (404, 422):
            raise web.HTTPBadRequest(text=str(error)) from None
        raise AwayError(str(error)) from None


async def _left(desk: Desk, user: User, tenant: str, session_id: str) -> Traces | None:
    """What left the session already. None while no ledger answers: what is held can be shown without."""
    try:
        found: Traces = await desk.ask(SessionOf(tenant=tenant, session_id=session_id, tenants=user.scope()))
    except AwayError:
        return None
    return found


async def _asked(request: web.Request, user: User) -> tuple[str, str, str]:
    form = await request.post()
    tenant, session_id = _key(str(form.get("key", "")), user)
    why = str(form.get("why", "")).strip()[:MAX_WHY]
    if not why:
        raise web.HTTPBadRequest(text="Say why: it goes to the audit.")
    return tenant, session_id, why


def _key(text: str, user: User) -> tuple[str, str]:
    tenant, _, session_id = text.partition("|")
    if not session_id or len(text) > MAX_KEY or not user.sees(tenant):
        raise web.HTTPNotFound(text="There is no such session.")
    return tenant, session_id


def _address(tenant: str, session_id: str, asked: str) -> str:
    return f"/sessions/one?key={quote(f'{tenant}|{session_id}', safe='')}&asked={asked}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
