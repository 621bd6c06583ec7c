"""The application of `capi collect`: its parts' routes, and what holds for all of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from agents.collect.cors import Cors
from agents.collect.counters import PROBLEMS, REQUESTS, SECONDS
from agents.collect.drain import Drain
from agents.collect.listening import SERVER, headers_arrived
from agents.collect.openapi import document
from agents.collect.part import Part
from agents.collect.problems import Problem
from agents.collect.single import check_single
from streams.settings import Settings

log = structlog.get_logger(__name__)

DRAIN = web.AppKey("drain", Drain)


def make_app(settings: Settings, parts: Sequence[Part], drain: Drain | None = None) -> web.Application:
    """All routes of `parts`. Errors are JSON, also those of unknown paths."""
    cors = Cors(settings.tenant_map, frozenset().union(*(part.cross_origin for part in parts)))
    app = web.Application(middlewares=[observe, cors.middleware, answer_problems])
    app[DRAIN] = drain or Drain()
    for part in parts:
        app.add_routes(part.routes)
        if part.context is not None:
            app.cleanup_ctx.append(part.context)
    cors.add_preflights(app)
    app.router.add_get("/openapi.json", _describing(document([part.api for part in parts if part.api])))
    return app


def _describing(api: dict[str, Any]) -> Handler:
    body = msgspec.json.encode(api)

    async def describe(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    return describe


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    headers_arrived(request)
    begun, drain = time.perf_counter(), request.app[DRAIN]
    with drain.request():
        response = await handler(request)
        drain.let_go(response)
    resource = request.match_info.route.resource
    path = resource.canonical if resource else "unknown"  # the pattern: addresses are without bound
    REQUESTS.labels(path, response.status).inc()
    SECONDS.observe(time.perf_counter() - begun)
    response.headers["Server"] = SERVER
    return response


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        check_single(request.headers)
        return await handler(request)
    except Problem as problem:
        return _told(problem)
    except web.HTTPException as error:
        return _told(_problem_of(error)) if error.status >= 400 else error
    except ConnectionError:  # the client's
        raise
    except Exception as error:
        # not the traceback: it could quote what was sent
        log.error("a request ended in an error of ours", why=type(error).__name__)
        return _told(Problem(500, "internal", "something went wrong here", "send it again"))


def _told(problem: Problem) -> web.Response:
    PROBLEMS.labels(problem.code).inc()
    return problem.response()


def _problem_of(error: web.HTTPException) -> Problem:
    reason = error.reason or "error"
    allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    return Problem(error.status, reason.lower().replace(" ", "_"), reason, "see /openapi.json", headers=allow)
