"""What holds for every request: who it is from, whether they may, whether they meant it, and the headers."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import web

from agents.access.secret import internal_secret, sign
from agents.access.users import User
from agents.collect.address import client_address, is_trusted, networks
from agents.collect.listening import in_time
from agents.console.desk import AwayError, Desk
from agents.console.logins import Login, Logins
from agents.console.pages import VISIT, Entry, Visit, render, visit_of
from agents.session_workers import SessionsError
from sinks.ended_logins import EndedLogins
from sinks.notes import NoteError

log = structlog.get_logger(__name__)

CSRF = "csrf"
FORM = "application/x-www-form-urlencoded"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "capi",
}
HSTS = {"Strict-Transport-Security": "max-age=31536000"}
NO_STORE = {"Cache-Control": "no-store"}
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gate:
    """Wraps handlers. `guarded` is for pages and actions, `open` for those that need no login."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.settings = desk, desk.settings
        self._secret = internal_secret(desk.settings)
        self.logins = Logins(desk.settings, desk.users, self._secret)
        self.ended = EndedLogins(desk.settings)
        self._proxies = networks(desk.settings.console_trusted_proxies)

    def guarded(self, entry: Entry) -> Answering:
        async def answer(request: web.Request) -> web.StreamResponse:
            now_s = time.time()
            login, user = visit_of(request).login, visit_of(request).user
            if user is None:
                return self._to_login(request)
            if not user.may(entry.role):
                raise web.HTTPForbidden(text=f"This takes the role {entry.role}; yours is {user.role}.")
            if entry.method == "POST":
                await self.check_meant(request)
            response = await entry.handler(self.desk, request, user)
            if login is not None and "HX-Request" not in request.headers:
                self.logins.renew(response, login, now_s)
            return response

        return self.open(answer)

    def open(self, handler: Answering) -> Answering:
        async def answer(request: web.Request) -> web.StreamResponse:
            request[VISIT] = self._visit(request, await self._login(request))
            response = await self._safely(handler, request)
            for name, value in self._headers().items():
                response.headers.setdefault(name, value)
            return response

        return answer

    async def _safely(self, handler: Answering, request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                return _redirect(error)
            return problem(request, error.status, error.text or "", _kept(error))
        except (AwayError, NoteError, SessionsError) as error:
            return problem(request, 503, f"{_sentence(error)} Try again in a moment.", _again(request))
        except ConnectionError:  # the browser's
            raise
        except Exception as error:  # not the traceback: it could quote what was sent
            log.error("a page ended in an error of ours", path=request.path, why=type(error).__name__)
            return problem(request, 500, "Something went wrong here; the log of this worker knows more.")

    def _headers(self) -> Mapping[str, str]:
        return HEADERS | NO_STORE | (HSTS if self.settings.console_secure else {})

    # -- who

    async def _login(self, request: web.Request) -> Login | None:
        """That of the cookie, unless it has ended."""
        login = self.logins.read(request, time.time())
        return None if login is None or await self.ended.is_ended(login.ident) else login

    def _visit(self, request: web.Request, login: Login | None) -> Visit:
        user = self._user(request, login)
        if user is not None:
            ident = login.ident if login is not None else f"proxy {user.name}"
        else:
            ident = self.logins.before(request) or secrets.token_hex(16)
        return Visit(user, sign(self._secret, CSRF, ident), login, "" if user else ident)

    def _user(self, request: web.Request, login: Login | None) -> User | None:
        """By the trusted proxy's header where there is one, else by the cookie."""
        name = self.settings.console_user_header
        if name and self._by_proxy(request):
            return self.desk.users.user(request.headers.get(name, ""))
        return self.desk.users.user(login.name) if login else None

    def _by_proxy(self, request: web.Request) -> bool:
        return is_trusted(client_address(request.remote, (), ()), self._proxies)

    def address(self, request: web.Request) -> str:
        return client_address(request.remote, request.headers.getall("X-Forwarded-For", []), self._proxies)

    def _to_login(self, request: web.Request) -> web.StreamResponse:
        if self.settings.console_user_header and self._by_proxy(request):
            raise web.HTTPForbidden(text="The proxy's user is not in the console's file: see `capi users add`.")
        wanted = f"?next={quote(request.path_qs)}" if request.method == "GET" and request.path != "/" else ""
        if "HX-Request" in request.headers:
            return web.Response(status=401, headers={"HX-Redirect": "/login"})
        if request.method != "GET":
            raise web.HTTPUnauthorized(text="You are not logged in any more: log in, then do it again.")
        raise web.HTTPSeeOther(f"/login{wanted}")

    # -- whether they meant it

    async def check_meant(self, request: web.Request) -> None:
        """Raises 403 unless the form is from a page of ours and of this login."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise web.HTTPForbidden(text="This came from another site.")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc.lower() not in self._hosts(request):
            raise web.HTTPForbidden(text="This came from another site.")
        if request.content_type != FORM:
            raise web.HTTPUnsupportedMediaType(text="Forms are sent as the pages here send them.")
        form = await in_time(request.post(), self.settings.collect_body_s)
        token = str(form.get(CSRF) or request.headers.get("X-CSRF-Token", ""))
        if not secrets.compare_digest(token.encode(errors="replace"), visit_of(request).csrf.encode()):
            raise web.HTTPForbidden(text="The form is of an earlier login: load the page again, then do it again.")

    def _hosts(self, request: web.Request) -> tuple[str, ...]:
        forwarded = request.headers.get("X-Forwarded-Host", "") if self._by_proxy(request) else ""
        return tuple(host.lower() for host in (request.host, forwarded) if host)


def problem(
    request: web.Request, status: int, text: str, headers: Mapping[str, str] | None = None
) -> web.StreamResponse:
    """The error as a page that says what to do."""
    response = render(request, "problem.html", status, code=status, text=text, headline=_headline(status))
    response.headers.update(headers or {})
    return response


def _again(request: web.Request) -> dict[str, str]:
    """A page asks again by itself; a form is nobody's to send twice."""
    return {"Retry-After": AGAIN_S} | ({"Refresh": AGAIN_S} if request.method == "GET" else {})


def _sentence(error: Exception) -> str:
    text = str(error).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


AGAIN_S = "5"
HEADLINES = {
    400: "That cannot be read",
    401: "Log in first",
    403: "Not for you",
    404: "Nothing is here",
    405: "Not that way",
    408: "Too slow",
    409: "Not now",
    413: "Too much at once",
    415: "That cannot be read",
    429: "Too many tries",
    500: "An error of ours",
    503: "Not now",
}


def _headline(status: int) -> str:
    return HEADLINES.get(status, "That did not work")


def _kept(error: web.HTTPException) -> dict[str, str]:
    return {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}


def _redirect(error: web.HTTPException) -> web.Response:
    """aiohttp's own is an exception with a body; cookies that a handler set go along."""
    response = web.Response(status=error.status, headers={"Location": error.headers["Location"]})
    response.cookies.update(error.cookies)
    return response
