"""/audit: who did what, when, and why."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from agents.access.users import User
from agents.console.desk import Desk
from agents.console.pages import page, render
from streams.events import Noted
from streams.ledger.queries import AuditOf

ROWS = 50
LONGEST = 64
KINDS = ("login", "logout", "pause", "resume", "test", "replay", "drop", "flush", "erase")


@page("/audit", role="admin", nav="Audit")
async def audit(desk: Desk, request: web.Request, user: User) -> web.Response:
    """Pages go back in time: `behind` is time (Unix ms) and id of the last entry shown."""
    who, what = (request.query.get(name, "").strip()[:LONGEST] for name in ("who", "what"))
    behind = _place(request.query.get("behind", ""))
    query = AuditOf(behind=behind, who=who, what=what, limit=ROWS + 1, tenants=user.scope())
    entries = (await desk.ask(query)).entries
    given = {name: text for name, text in (("who", who), ("what", what)) if text}
    older = urlencode(given | {"behind": _cursor(entries[ROWS - 1])}) if len(entries) > ROWS else ""
    return render(
        request,
        "audit.html",
        entries=entries[:ROWS],
        who=who,
        what=what,
        kinds=KINDS,
        older=older,
        newest=behind is None,
        newest_query=urlencode(given),
    )


def _cursor(entry: Noted) -> str:
    return f"{entry.at_ms}:{entry.note_id}"


def _place(text: str) -> tuple[int, str] | None:
    at_ms, _, note_id = text.partition(":")
    if text and not (at_ms.isascii() and at_ms.isdecimal() and len(at_ms) < 16):
        raise web.HTTPBadRequest(text="behind is time and id of an entry: start over with the newest.")
    return (int(at_ms), note_id) if text else None
