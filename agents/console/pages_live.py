"""/live: what came by just now, the newest on top. Filters and the pause are in the address, so that a view can be
passed on; nothing is kept on the server."""

from __future__ import annotations

from aiohttp import web

from agents.access.users import User
from agents.console.desk import Desk
from agents.console.live_view import ROWS, LiveView
from agents.console.pages import page, render
from sinks.topology import PLATFORMS
from streams.ledger.answers import LINE_KINDS


@page("/live", role="viewer", nav="Live")
async def live(desk: Desk, request: web.Request, user: User) -> web.Response:
    view = LiveView.of(request.query)
    recent = await desk.ask(view.query(user.scope(view.tenant)))
    return render(
        request,
        "live.html",
        view=view,
        lines=recent.lines[::-1],
        missed=recent.missed,
        kinds=LINE_KINDS,
        rows=ROWS,
        platforms=PLATFORMS,
        tenants=[name for name in desk.settings.tenant_map.tenants if user.sees(name)],
    )
