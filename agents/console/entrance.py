"""/login and /logout. A wrong password costs time, per name and per address."""

from __future__ import annotations

import asyncio
import time
from math import ceil

import structlog
from aiohttp import web

from agents.access.passwords import BusyError, check_password
from agents.access.tries import Tries
from agents.access.users import User
from agents.console.desk import Desk
from agents.console.gate import Gate
from agents.console.pages import render, visit_of
from sinks.notes import NoteError

log = structlog.get_logger(__name__)

WRONG = "Name or password is wrong."
LONGEST_NAME = 64


now_s = time.monotonic


class Entrance:
    def __init__(self, gate: Gate) -> None:
        self._gate, self._desk = gate, gate.desk
        self._tries = Tries()
        self._noting: set[asyncio.Task[None]] = set()

    async def form(self, request: web.Request) -> web.StreamResponse:
        """GET /login."""
        wanted = own_path(request.query.get("next", ""))
        if visit_of(request).user is not None:
            raise web.HTTPSeeOther(wanted)
        return self._shown(request, wanted)

    async def login(self, request: web.Request) -> web.StreamResponse:
        """POST /login."""
        await self._gate.check_meant(request)
        form = await request.post()
        name, wanted = str(form.get("name", "")).strip()[:LONGEST_NAME], own_path(str(form.get("next", "")))
        keys, now = (f"name {name}", f"address {self._gate.address(request)}"), now_s()
        if wait_s := self._tries.wait_s(keys, now):
            return self._refused(request, wanted, 429, f"Too many tries: wait {ceil(wait_s)} s.", wait_s)
        self._tries.begin(keys, now)
        try:
            user = await check_password(self._desk.users, name, str(form.get("password", "")))
        except BusyError:
            return self._refused(request, wanted, 503, "Too many people log in: try again in a moment.", 2)
        if user is None:
            log.warning("a login failed", address=self._gate.address(request))
            return self._refused(request, wanted, 401, WRONG)
        self._tries.right(keys)
        self._note(user, "login")
        if (earlier := visit_of(request).login) is not None:
            await self._gate.ended.end(earlier.ident)
        response = web.Response(status=303, headers={"Location": wanted})
        self._gate.logins.begin(response, user.name, time.time())
        return response

    async def logout(self, request: web.Request) -> web.StreamResponse:
        """POST /logout."""
        await self._gate.check_meant(request)
        visit = visit_of(request)
        if visit.user is not None and visit.login is not None:
            self._note(visit.user, "logout")
            await self._gate.ended.end(visit.login.ident)
        response = web.Response(status=303, headers={"Location": "/login"})
        self._gate.logins.end(response)
        return response

    def _shown(self, request: web.Request, wanted: str, why: str = "", status: int = 200) -> web.Response:
        response = render(
            request, "login.html", status, wanted=wanted, why=why, nobody=not self._desk.users.accounts
        )
        self._gate.logins.begin_before(response, visit_of(request).before)
        return response

    def _refused(
        self, request: web.Request, wanted: str, status: int, why: str, wait_s: float = 0
    ) -> web.StreamResponse:
        response = self._shown(request, wanted, why, status)
        if wait_s:
            response.headers["Retry-After"] = str(ceil(wait_s))
        return response

    def _note(self, user: User, what: str) -> None:
        """Beside the answer: whoever wants to see what is wrong with Kafka has to get in."""
        task = asyncio.create_task(_noted(self._desk, user, what))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)


async def _noted(desk: Desk, user: User, what: str) -> None:
    try:
        await desk.note(user, what, "console")
    except NoteError as error:
        log.error("the audit lacks an entry", what=what, who=user.name, why=str(error))


def own_path(text: str) -> str:
    """A path of this console, else its first page."""
    plain = text.isprintable() and not text.startswith(("//", "/\\", "/login", "/logout"))
    return text if text.startswith("/") and plain else "/"
