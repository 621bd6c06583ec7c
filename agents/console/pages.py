"""How a page is declared and rendered. Who may see it is enforced in gate.py, for all of them.

`@page("/trace", role="viewer", nav="Trace")` is a GET, `@action("/dead/replay", role="operator")` a POST, whose
form has `{{ csrf() }}`. Handlers are `async def handler(desk, request, user) -> web.Response`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from agents.access.users import Role, User
from agents.console.assets import address_of
from agents.console.desk import Desk
from agents.console.logins import Login
from agents.console.shown import ago, count, length_of, seen, short, told, when

Handler = Callable[[Desk, web.Request, User], Awaitable[web.StreamResponse]]
FOLDER = Path(__file__).parent / "templates"
# in this order, whatever the order of imports
NAV = (
    "Overview",
    "Live",
    "Sessions",
    "Trace",
    "Destinations",
    "Dead letters",
    "Quality",
    "Cluster",
    "People",
    "Audit",
)


class Entry(NamedTuple):
    method: str
    path: str
    role: Role
    nav: str
    handler: Handler


@dataclass(frozen=True)
class Visit:
    """Who a request is from, None before the login, and what its forms have to bring back."""

    user: User | None
    csrf: str
    login: Login | None = None
    before: str = ""  # what binds the login form to the browser

    @property
    def by_proxy(self) -> bool:
        return self.user is not None and self.login is None


VISIT = web.RequestKey("visit", Visit)
ENTRIES: list[Entry] = []


def page(path: str, *, role: Role, nav: str = "") -> Callable[[Handler], Handler]:
    return _registering("GET", path, role, nav)


def action(path: str, *, role: Role) -> Callable[[Handler], Handler]:
    return _registering("POST", path, role, "")


def _registering(method: str, path: str, role: Role, nav: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        ENTRIES.append(Entry(method, path, role, nav, handler))
        return handler

    return register


def visit_of(request: web.Request) -> Visit:
    return request[VISIT]


def render(request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
    """The page as HTML. Templates get `user`, `nav`, `csrf()`, `now_ms`, `path`, `partial` and the values."""
    visit = visit_of(request)
    text = (
        _templates()
        .get_template(template)
        .render(
            user=visit.user,
            by_proxy=visit.by_proxy,
            nav=nav_of(visit.user),
            csrf=lambda: _field(visit.csrf),
            now_ms=time.time_ns() // 1_000_000,
            path=request.path,
            partial="HX-Request" in request.headers and "HX-Boosted" not in request.headers,
            **values,
        )
    )
    return web.Response(text=text, status=status, content_type="text/html")


def nav_of(user: User | None) -> list[tuple[str, str]]:
    """Path and name of each page that the user may open."""
    if user is None:
        return []
    found = [(entry.path, entry.nav) for entry in ENTRIES if entry.nav and user.may(entry.role)]
    return sorted(found, key=lambda item: NAV.index(item[1]))


def _field(token: str) -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(token)


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        finalize=seen,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "when": when,
        "short": short,
        "count": count,
        "ago": ago,
        "length_of": length_of,
        "told": told,
    }
    made.globals["static"] = address_of
    made.policies["json.dumps_function"] = _json
    return made


def _json(value: object, indent: int = 0, **_: object) -> str:
    encoded = msgspec.json.encode(value, order="deterministic")
    return (msgspec.json.format(encoded, indent=indent) if indent else encoded).decode()
