"""Logins as signed cookies: every worker of a site can read them, and none has to remember them.

One ends after CAPI_CONSOLE_SESSION_S, after a quarter of that without a page, at logout, and when the user's
password, role or scope changes.
"""

from __future__ import annotations

import secrets

import msgspec
from aiohttp import web

from agents.access.secret import opened, sealed
from agents.access.users import Users
from streams.settings import Settings

PURPOSE, BEFORE = "login", "before login"
IDLE_PART = 4
RENEWED_S = 60.0


class Login(msgspec.Struct, frozen=True):
    """`ident` is new at each login. Times are Unix seconds."""

    name: str
    version: str
    ident: str
    from_s: float
    seen_s: float


class Logins:
    """Reads and writes the two cookies: of a login, and of a visitor of the login page."""

    def __init__(self, settings: Settings, users: Users, secret: bytes) -> None:
        self._users, self._secret = users, secret
        self._whole_s = settings.console_session_s
        self._secure = settings.console_secure
        prefix = "__Host-" if self._secure else ""
        self._cookie, self._before = f"{prefix}capi_console", f"{prefix}capi_before"

    def read(self, request: web.Request, now_s: float) -> Login | None:
        body = opened(self._secret, PURPOSE, request.cookies.get(self._cookie, ""))
        if body is None:
            return None
        try:
            login = msgspec.json.decode(body, type=Login)
        except msgspec.DecodeError:  # of another release
            return None
        lasts = now_s - login.from_s <= self._whole_s and now_s - login.seen_s <= self._whole_s / IDLE_PART
        known = self._users.version(login.name)
        return login if lasts and known and known == login.version else None

    def begin(self, response: web.StreamResponse, name: str, now_s: float) -> None:
        """A login of its own, whatever the browser brought."""
        login = Login(name, self._users.version(name), secrets.token_hex(16), now_s, now_s)
        self._write(response, login)
        self._delete(response, self._before)

    def renew(self, response: web.StreamResponse, login: Login, now_s: float) -> None:
        """Somebody is there: asked for a page, not a script for its next figures."""
        if now_s - login.seen_s > min(RENEWED_S, self._whole_s / IDLE_PART / 10):
            self._write(response, msgspec.structs.replace(login, seen_s=now_s))

    def end(self, response: web.StreamResponse) -> None:
        self._delete(response, self._cookie)

    def _write(self, response: web.StreamResponse, login: Login) -> None:
        self._set(response, self._cookie, sealed(self._secret, PURPOSE, msgspec.json.encode(login)), self._whole_s)

    # -- before the login

    def before(self, request: web.Request) -> str:
        """What binds the login form to this browser; "" when there is nothing yet."""
        body = opened(self._secret, BEFORE, request.cookies.get(self._before, ""))
        return body.decode(errors="replace") if body else ""

    def begin_before(self, response: web.StreamResponse, ident: str) -> None:
        self._set(response, self._before, sealed(self._secret, BEFORE, ident.encode()), 3_600)

    def _set(self, response: web.StreamResponse, name: str, value: str, age_s: float) -> None:
        response.set_cookie(
            name, value, max_age=int(age_s), path="/", secure=self._secure, httponly=True, samesite="Lax"
        )

    def _delete(self, response: web.StreamResponse, name: str) -> None:
        response.del_cookie(name, path="/", secure=self._secure, httponly=True, samesite="Lax")
