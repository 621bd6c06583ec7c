"""/search: an event id or a session, whichever the text is. Without JavaScript too.

No id is somebody's address or number (decision 0030): who looks for such a one looks for a person, and it goes
into no further URL.
"""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from agents.access.users import User
from agents.console.desk import AwayError, Desk
from agents.console.pages import page
from agents.console.pages_trace import find
from agents.session_workers import SessionsError
from streams.ledger.queries import SessionOf, TraceOf
from streams.privacy import hides_email, is_phone

MAX_ID = 500  # characters


@page("/search", role="viewer")
async def search(desk: Desk, request: web.Request, user: User) -> web.Response:
    text = request.query.get("q", "").strip()[:MAX_ID]
    if hides_email(text) or is_phone(text):
        raise web.HTTPSeeOther("/people")
    raise web.HTTPSeeOther(await _place(desk, user, text) if text else "/trace")


async def _place(desk: Desk, user: User, text: str) -> str:
    """An event before a session: ids of events are what people have. `tenant|session` names a session."""
    tenants = [name for name in desk.settings.tenant_map.tenants if user.sees(name)]
    tenant, bar, session_id = text.partition("|")
    if bar and tenant in tenants:
        return _session(tenant, session_id)
    if not await _has_left(desk, user, text):
        held = await find(desk, user, text)
        for name in () if held and held.places else tenants:
            if await _is_session(desk, user, name, text):
                return _session(name, text)
    return f"/trace?{urlencode({'event_id': text})}"


async def _is_session(desk: Desk, user: User, tenant: str, session_id: str) -> bool:
    """One that is open, or that events have left."""
    try:
        if await desk.sessions.show(user, tenant, session_id) is not None:
            return True
    except SessionsError:
        pass  # the ledger may know it
    query = SessionOf(tenant=tenant, session_id=session_id, tenants=user.scope())
    try:
        return bool((await desk.ask(query)).events)
    except AwayError:
        return False


async def _has_left(desk: Desk, user: User, event_id: str) -> bool:
    """Whether the ledger knows it; while it is away, /trace says so."""
    try:
        found = await desk.ask(TraceOf(event_id=event_id, tenants=user.scope()))
    except AwayError:
        return False
    return bool(found.events or found.rejects)


def _session(tenant: str, session_id: str) -> str:
    return f"/sessions/one?{urlencode({'key': f'{tenant}|{session_id}'})}"
