"""The console's routes, to be served beside others or as an application of its own."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from aiohttp import web

import agents.console
from agents.console.assets import serve_asset
from agents.console.desk import Desk
from agents.console.entrance import Entrance
from agents.console.gate import Gate
from agents.console.pages import ENTRIES

BODY_BYTES = 65_536

for _module in pkgutil.iter_modules(agents.console.__path__):
    if _module.name.startswith("pages_"):
        import_module(f"agents.console.{_module.name}")


def routes(desk: Desk) -> list[web.AbstractRouteDef]:
    """Every page, action and file. The last route takes all other paths. Raises SecretError, TenantsError."""
    gate = Gate(desk)
    entrance = Entrance(gate)
    return [
        web.get("/static/{digest}/{name:.+}", gate.open(serve_asset)),
        web.get("/login", gate.open(entrance.form)),
        web.post("/login", gate.open(entrance.login)),
        web.post("/logout", gate.open(entrance.logout)),
        *(web.route(entry.method, entry.path, gate.guarded(entry)) for entry in ENTRIES),
        web.route("*", "/{rest:.*}", gate.open(_missing)),
    ]


def make_app(desk: Desk) -> web.Application:
    app = web.Application(client_max_size=BODY_BYTES)
    app.add_routes(routes(desk))
    return app


async def _missing(_: web.Request) -> web.StreamResponse:
    raise web.HTTPNotFound(text="There is no such page.")
