"""Who may: asked before every page of a session worker, Faust's own pages too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import ClientError, web
from aiohttp.typedefs import Handler, Middleware

from agents.access.secret import SecretError
from agents.access.users import Role, User
from streams.tenants import TenantsError

log = structlog.get_logger(__name__)

UserOf = Callable[[Mapping[str, str]], Awaitable[User | None]]
USER = "capi_user"
RETRY_AFTER_S = "2"
ACTIONS: dict[str, Role] = {"flush": "operator", "erase": "admin"}  # last part of a POST's path -> who may
SAFE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def problem(status: int, why: str) -> web.Response:
    return web.json_response({"error": why}, status=status)


def guard(user_of: UserOf) -> Middleware:
    """401 for nobody that is known, 403 for who may not. A POST is JSON, which no other site's form can send."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await _answer(request, handler, user_of)
        response.headers.update(SAFE)
        if response.status == 503:
            response.headers["Retry-After"] = RETRY_AFTER_S
        return response

    return guarded


async def _answer(request: web.Request, handler: Handler, user_of: UserOf) -> web.StreamResponse:
    try:
        user = await user_of(request.headers)
    except (SecretError, TenantsError) as error:
        log.error("nobody can be let in", why=str(error))
        return problem(503, "who asks cannot be checked")
    if user is None:
        refused = problem(401, "who asks is not known")
        refused.headers["WWW-Authenticate"] = 'Basic realm="capi", charset="UTF-8"'
        return refused
    if not user.may(_role(request)):
        return problem(403, f"this needs the role {_role(request)}")
    if request.method == "POST" and request.content_type != "application/json":
        return problem(415, "send application/json")
    request[USER] = user
    try:
        return await handler(request)
    except web.HTTPException as error:
        return problem(error.status, error.reason)
    except web.RequestPayloadError:
        return problem(400, "the body is not what its headers say")
    except (ClientError, TimeoutError, OSError) as error:  # the owner of a key does not answer
        log.warning("another session worker does not answer", why=type(error).__name__)
        return problem(503, "the worker that has it does not answer")


def _role(request: web.Request) -> Role:
    action = request.path.rstrip("/").rpartition("/")[2]
    return "viewer" if request.method in ("GET", "HEAD") else ACTIONS.get(action, "admin")
