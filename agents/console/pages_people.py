"""/people: forget a person. First what is held and what will happen, then, on a second word, the work.

The clear value comes with the first form, is hashed, and goes nowhere. The second form brings the digests back,
encrypted, for one user and a quarter of an hour.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import msgspec
from aiohttp import web

from agents.access.secret import internal_secret, locked, unlocked
from agents.access.users import User
from agents.console.dead_letters import BusyError, dead_letters
from agents.console.desk import Desk
from agents.console.pages import action, page, render
from agents.console.people import Work, people_of
from agents.erase_held import Ask, holds
from agents.erasing import AT_CENTRE, NobodyError, Result, by_digest, by_value, forget, region_of
from sinks.erasures import shown
from sinks.notes import NoteError
from sinks.parked.safe import why_not_look
from streams.events import Erase
from streams.ledger.answers import Holds
from streams.ledger.queries import HoldsOf
from streams.tombstones import PERSON_FIELDS

PURPOSE, GOOD_FOR_S = "person", 900
WAIT_S = 120.0
NAMES = {"em": "E-mail address", "ph": "Phone number", "external_id": "External id"}
BUSY = "Another person is being erased: wait until that is done."
TOO_OLD = "This was asked too long ago, or by another user: start over with the person."
NO_TENANT = "There is no such tenant."


class Pending(msgspec.Struct, frozen=True):
    """Whom `who` has asked about, between the two forms."""

    who: str
    erasures: tuple[Erase, ...]


@page("/people", role="admin", nav="People")
async def people(desk: Desk, request: web.Request, user: User) -> web.Response:
    return _page(desk, request, user)


@action("/people", role="admin")
async def look(desk: Desk, request: web.Request, user: User) -> web.Response:
    """What is held of somebody. Nothing is changed."""
    form = await request.post()
    try:
        erasures = _erasures(desk, user, form)
    except NobodyError as error:
        return _page(desk, request, user, 400, why=f"{_part(error, form)} {error}.")
    held, why = await asyncio.gather(holds(_asking(desk, user), erasures), _why_not_parked(desk))
    body = msgspec.json.encode(Pending(user.name, tuple(erasures)))
    token = locked(internal_secret(desk.settings), PURPOSE, body, time.time())
    return _page(desk, request, user, erasures=erasures, held=held, parked_why=why, person=token)


@action("/people/erase", role="admin")
async def erase(desk: Desk, request: web.Request, user: User) -> web.Response:
    """The audit knows before anything happens, and again what came of it."""
    form = await request.post()
    erasures = _pending(desk, user, str(form.get("person", "")))
    if not form.get("sure"):
        raise web.HTTPBadRequest(text="Say that you are sure: there is no way back.")
    known = people_of(desk.settings)
    if known.busy:
        raise web.HTTPConflict(text=BUSY)
    tenant, target = erasures[0].tenant, ", ".join(shown(one) for one in erasures)

    async def run(progress: Callable[[str], None]) -> Result:
        alone = dead_letters(desk.settings).alone
        return await forget(
            desk.settings, erasures, user.name, WAIT_S, _asking(desk, user), progress=progress, alone=alone
        )

    async def ended(work: Work) -> None:
        try:
            await desk.note(user, "erase", target, tenant=tenant, result=work.result)
        except NoteError as error:
            work.problems += (str(error),)

    await desk.note(user, "erase", target, tenant=tenant, result="begun")
    try:
        known.begin(run, Work(who=user.name, tenant=tenant, target=target, started_ms=_now_ms()), ended)
    except BusyError:  # another one came while the audit was written
        await desk.note(user, "erase", target, tenant=tenant, result="not done: another was under way")
        raise web.HTTPConflict(text=BUSY) from None
    raise web.HTTPSeeOther("/people")


def _page(desk: Desk, request: web.Request, user: User, status: int = 200, **more: object) -> web.Response:
    """`more` is of one look, or why there was none."""
    work = people_of(desk.settings).work
    nothing = {"why": "", "erasures": (), "held": None, "parked_why": "", "person": ""}
    return render(
        request,
        "people.html",
        status,
        work=work,
        own=work is not None and user.sees(work.tenant),
        tenants=[name for name in desk.settings.tenant_map.tenants if user.sees(name)],
        names=NAMES,
        fields=PERSON_FIELDS,
        **(nothing | more),
    )


def _erasures(desk: Desk, user: User, form: Mapping[str, object]) -> list[Erase]:
    """Of a clear value, or of a field and a digest. Raises NobodyError."""
    tenant, field = str(form.get("tenant", "")), str(form.get("field", ""))
    known = desk.settings.tenant_map.get(tenant)
    if known is None or not user.sees(tenant):
        raise web.HTTPNotFound(text=NO_TENANT)
    if "digest" in form:
        return by_digest(tenant, field, str(form["digest"]))
    if field not in NAMES:
        raise NobodyError("field", f"is none of {', '.join(NAMES)}")
    region = region_of(str(form.get("country", "")).strip()) or known.default_country
    return by_value(tenant, field, str(form.get("value", "")), region)


def _part(error: NobodyError, form: Mapping[str, object]) -> str:
    return NAMES[str(form["field"])] if error.part == "value" else error.part.capitalize()


def _pending(desk: Desk, user: User, token: str) -> tuple[Erase, ...]:
    body = unlocked(internal_secret(desk.settings), PURPOSE, token, GOOD_FOR_S, time.time())
    try:
        pending = msgspec.json.decode(body or b"", type=Pending)
    except msgspec.DecodeError:  # also of another release
        raise web.HTTPBadRequest(text=TOO_OLD) from None
    if pending.who != user.name or not pending.erasures:
        raise web.HTTPBadRequest(text=TOO_OLD)
    if not all(user.sees(one.tenant) for one in pending.erasures):
        raise web.HTTPNotFound(text=NO_TENANT)
    return pending.erasures


def _asking(desk: Desk, user: User) -> Ask:
    async def ask(query: HoldsOf) -> Holds:
        found: Holds = await desk.ask(msgspec.structs.replace(query, tenants=user.scope(query.tenant)))
        return found

    return ask


async def _why_not_parked(desk: Desk) -> str:
    """What is to be said of parked jobs when they cannot be looked at, "" when they can."""
    if desk.settings.gateway_url:
        return AT_CENTRE
    why = await asyncio.to_thread(why_not_look, desk.settings)
    return f"Parked jobs cannot be looked at now: {why}" if why else ""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
