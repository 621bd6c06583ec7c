"""/dead: the jobs that were given up, by reason; sending them again, dropping them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from aiohttp import web

from agents.access.users import User
from agents.console.dead_filter import DeadFilter
from agents.console.dead_letters import MOST_SINGLE, BusyError, DeadLetters, Kind, Work, dead_letters
from agents.console.dead_view import shown_group
from agents.console.desk import Desk
from agents.console.pages import action, page, render
from sinks.notes import NoteError
from sinks.topology import PLATFORMS

MOST_PER_SECOND, MOST_JOBS = 1000.0, 1_000_000
SINGLE = 10
BUSY = "Another replay or drop is under way: wait until it is done."
NO_TIME = "Write 2h, 3d or 2026-11-24T10:00 (UTC) for a time."


@page("/dead", role="viewer", nav="Dead letters")
async def dead(desk: Desk, request: web.Request, user: User) -> web.Response:
    wanted, letters = DeadFilter.of(request.query), dead_letters(desk.settings)
    single = min(MOST_SINGLE, SINGLE if request.query.get("jobs") else 0)
    try:
        look = await letters.look(wanted.parked(user.scope(), _now_ms()), single)
    except ValueError:
        raise web.HTTPBadRequest(text=NO_TIME) from None
    asked = request.query.get("do", "")
    return render(
        request,
        "dead.html",
        wanted=wanted,
        look=look,
        groups=[shown_group(group, wanted) for group in look.groups],
        work=letters.work,
        own=letters.work is not None and (user.tenants is None or letters.work.who == user.name),
        single=single,
        do=asked if asked in ("replay", "drop") and user.may("operator") else "",
        acts=user.may("operator"),
        platforms=PLATFORMS,
        tenants=[name for name in desk.settings.tenant_map.tenants if user.sees(name)],
    )


@action("/dead/replay", role="operator")
async def replay(desk: Desk, request: web.Request, user: User) -> web.Response:
    form = await request.post()
    per_second = _number(form, "per_second", MOST_PER_SECOND)
    if per_second <= 0:
        raise web.HTTPBadRequest(text="Say how many jobs a second may go, so that live events keep their way.")
    options = {"limit": int(_number(form, "limit", MOST_JOBS)), "per_second": per_second}
    return await _begin(desk, user, form, "replay", "", options)


@action("/dead/drop", role="operator")
async def drop(desk: Desk, request: web.Request, user: User) -> web.Response:
    form = await request.post()
    why = str(form.get("why", "")).strip()[:200]
    if not why:
        raise web.HTTPBadRequest(text="Say why: it goes to the audit and to capi.outcomes.")
    options = {"limit": int(_number(form, "limit", MOST_JOBS)), "why": why}
    return await _begin(desk, user, form, "drop", why, options)


async def _begin(
    desk: Desk, user: User, form: Mapping[str, object], kind: Kind, why: str, options: Mapping[str, object]
) -> web.Response:
    """The audit knows before anything happens, and again what came of it."""
    wanted, letters = DeadFilter.of(form), dead_letters(desk.settings)
    try:
        parked = wanted.parked(user.scope(), _now_ms())
    except ValueError:
        raise web.HTTPBadRequest(text=NO_TIME) from None
    if wanted.everything and not form.get("all"):
        raise web.HTTPBadRequest(text="Give a filter, or say that you mean every parked job.")
    _refuse_when_busy(letters)
    target, tenant = f"parked: {wanted.text()}", _tenant(wanted, user)

    async def ended(work: Work) -> None:
        try:
            await desk.note(user, kind, target, tenant=tenant, why=why, result=work.result)
        except NoteError as error:
            work.why = f"{work.result}, but {error}"

    await desk.note(user, kind, target, tenant=tenant, why=why, result="begun")
    work = Work(kind=kind, who=user.name, target=target, started_ms=_now_ms())
    try:
        letters.begin(kind, parked, work, ended, **options)
    except BusyError:  # another one came while the audit was written
        await desk.note(user, kind, target, tenant=tenant, why=why, result="not done: another was under way")
        raise web.HTTPConflict(text=BUSY) from None
    raise web.HTTPSeeOther(f"/dead?{wanted.query}" if wanted.query else "/dead")


def _refuse_when_busy(letters: DeadLetters) -> None:
    if letters.busy:
        raise web.HTTPConflict(text=BUSY)


def _tenant(wanted: DeadFilter, user: User) -> str:
    """Whose entry in the audit it is, "" when it is of several."""
    if wanted.tenant:
        return wanted.tenant
    return user.tenants[0] if user.tenants is not None and len(user.tenants) == 1 else ""


def _number(form: Mapping[str, object], name: str, most: float) -> float:
    try:
        number = float(str(form.get(name) or 0))
    except ValueError:
        number = -1
    if not 0 <= number <= most:  # also not a number
        raise web.HTTPBadRequest(text=f"{name} is a number from 0 to {most:g}.")
    return number


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
