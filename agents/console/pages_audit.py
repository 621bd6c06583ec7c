"""/audit: who did what, when, and why."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from agents.access.users import User
from agents.console.desk import Desk
from agents.console.pages import page, render
from streams.ledger.queries import AuditOf

ROWS = 50
LONGEST = 64
KINDS = ("login", "logout", "pause", "resume", "test", "replay", "drop", "flush", "erase")


@page("/audit", role="admin", nav="Audit")
async def audit(desk: Desk, request: web.Request, user: User) -> web.Response:
    """Pages go back in time: `before` is the time of the last entry shown, Unix ms."""
    who, what = (request.query.get(name, "").strip()[:LONGEST] for name in ("who", "what"))
    before = _whole(request.query.get("before", "0"))
    query = AuditOf(until_ms=before, who=who, what=what, limit=ROWS + 1, tenants=user.scope())
    entries = (await desk.ask(query)).entries
    given = {name: text for name, text in (("who", who), ("what", what)) if text}
    older = urlencode(given | {"before": entries[ROWS - 1].at_ms}) if len(entries) > ROWS else ""
    return render(
        request,
        "audit.html",
        entries=entries[:ROWS],
        who=who,
        what=what,
        kinds=KINDS,
        older=older,
        newest=not before,
        newest_query=urlencode(given),
    )


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise web.HTTPBadRequest(text="before is a time in Unix milliseconds.")
    return int(text)
