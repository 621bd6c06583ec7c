"""The application of `capi collect`: its parts' routes, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from agents.collect.cors import Cors
from agents.collect.part import Part
from agents.collect.problems import Problem
from streams.settings import Settings

log = structlog.get_logger(__name__)


def make_app(settings: Settings, parts: Sequence[Part]) -> web.Application:
    """All routes of `parts`. Errors are JSON, also those of unknown paths."""
    cors = Cors(settings.tenant_map, frozenset().union(*(part.cross_origin for part in parts)))
    app = web.Application(middlewares=[cors.middleware, answer_problems])
    for part in parts:
        app.add_routes(part.routes)
        if part.context is not None:
            app.cleanup_ctx.append(part.context)
    cors.add_preflights(app)
    return app


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except web.HTTPException as error:
        return _in_json(error)
    except (ConnectionError, TimeoutError):  # of the client
        raise
    except Exception as error:
        # not the traceback: it could quote what was sent
        log.error("a request ended in an error of ours", path=request.path, why=type(error).__name__)
        return Problem(500, "internal", "something went wrong here", "send it again").response()


def _in_json(error: web.HTTPException) -> web.StreamResponse:
    if error.status < 400:
        return error
    allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    code = (error.reason or "error").lower().replace(" ", "_")
    return Problem(error.status, code, error.reason or "", "see /openapi.json", headers=allow).response()
