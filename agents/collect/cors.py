"""Which pages may read the answers: those of the origins in the tenants file (Fetch standard, CORS protocol)."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from streams.tenants import PublishableKey, Tenants

REMEMBER_S = 7200
HEADERS_ALLOWED = "Content-Type, Content-Encoding, X-Capi-Key"


class Cors:
    """`paths` are open to pages. A preflight names no key, so the origins of all tenants count; which key may be
    used from which origin is asked when the request itself comes."""

    def __init__(self, tenants: Tenants, paths: frozenset[str]) -> None:
        self._paths = paths
        self.origins = frozenset(
            origin
            for tenant in tenants.tenants.values()
            for key in tenant.keys
            if isinstance(key, PublishableKey)
            for origin in key.origins
        )

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def allow(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = await handler(request)
            if request.path in self._paths:
                self._allow(request, response)
            return response

        return allow

    def add_preflights(self, app: web.Application) -> None:
        for path in self._paths:
            app.router.add_route("OPTIONS", path, self._preflight)

    async def _preflight(self, request: web.Request) -> web.Response:
        if request.headers.get("Origin") not in self.origins:
            return web.Response(status=403)
        return web.Response(
            status=204,
            headers={
                "Access-Control-Allow-Methods": "GET, POST",
                "Access-Control-Allow-Headers": HEADERS_ALLOWED,
                "Access-Control-Max-Age": str(REMEMBER_S),
            },
        )

    def _allow(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Vary"] = "Origin"
        origin = request.headers.get("Origin")
        if origin in self.origins:
            response.headers["Access-Control-Allow-Origin"] = str(origin)
            response.headers["Access-Control-Allow-Credentials"] = "true"
