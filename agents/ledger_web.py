"""The web server of a ledger worker: `POST /v1/ledger` takes a question as JSON, asks all workers and joins their
answers; with `?local=1` it answers from its own book.

401 without a pass of another role or a user's password, 422 for what is no question, 503 with Retry-After while
partitions are taken over. What a user may not see is not in the answer, whatever the question says.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from agents.collect.listening import Gate, bounds_of, headers_arrived, in_time, listen
from agents.console.desk import AwayError
from sinks.views import PORTS
from streams.events import UNREADABLE, encode
from streams.ledger.answers import Answer
from streams.ledger.queries import Query, Tenants, decode_query
from streams.settings import Settings

log = structlog.get_logger(__name__)

PATH = "/v1/ledger"
QUESTION_BYTES = 65_536
RETRY_AFTER_S = 2
# what may be configured, and is no address for others
ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 # nosec B104 # compared with, not bound to


# of aiohttp's connections: nobody compresses questions and forms; what was not read is waited for one second
OPTIONS: dict[str, Any] = {"access_log": None, "auto_decompress": False, "lingering_time": 1.0}


class Asker(Protocol):
    @property
    def tenants(self) -> Tenants: ...


Asking = Callable[[Query], Awaitable[Answer]]
UserOf = Callable[[Mapping[str, str]], Awaitable[Asker | None]]


class LedgerWeb:
    """`start` returns the address by which others find this worker. `routes`, made then, are served
    beside its own.

    `answer` is of its own book, `ask` of all workers; both may raise AwayError.
    """

    def __init__(
        self,
        settings: Settings,
        answer: Asking,
        ask: Asking,
        away: Callable[[], bool],
        user_of: UserOf,
        routes: Callable[[], Sequence[web.AbstractRouteDef]] = tuple,
    ) -> None:
        self._settings, self._answer, self._ask = settings, answer, ask
        self._away, self._user_of, self._routes = away, user_of, routes
        self._app = web.Application(client_max_size=QUESTION_BYTES, middlewares=[_begun])
        self._runner = web.AppRunner(self._app, **OPTIONS)
        self._listener: asyncio.Server | None = None

    async def start(self) -> str:
        """Raises OSError when no port of ten can be had. Port 0: nothing is served, and nobody can ask."""
        host, first = self._settings.console_host, self._settings.console_port
        self._app.add_routes([web.post(PATH, self._post), *self._routes()])
        await self._runner.setup()
        port = await self._listen(host, first) if first else 0
        shown = socket.gethostname() if host in ANYWHERE else host
        return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"

    async def _listen(self, host: str, first: int) -> int:
        bounds = bounds_of(self._settings, self._settings.console_trusted_proxies)
        gate = Gate(bounds, cast(web.Server, self._runner.server), OPTIONS)
        for port in range(first, min(first + PORTS, 65_536)):
            try:
                self._listener = await listen(gate, host, port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                log.info("the ledger answers", host=host, port=port)
                return port
        raise OSError(errno.EADDRINUSE, f"ports {first} to {first + PORTS - 1} are taken")

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
        await self._runner.cleanup()

    async def _post(self, request: web.Request) -> web.Response:
        user = await self._user_of(request.headers)
        if user is None:
            return _problem(401, "who asks is not known")
        local = request.query.get("local") == "1"
        if local and self._away():
            return _later("partitions are being taken over")
        try:
            query = decode_query(await in_time(request.read(), self._settings.collect_body_s))
        except UNREADABLE as error:
            return _problem(422, f"not a question of the ledger: {type(error).__name__}")
        query = msgspec.structs.replace(query, tenants=scope(query.tenants, user.tenants))
        try:
            answer = await (self._answer(query) if local else self._ask(query))
        except AwayError as error:
            return _later(str(error))
        return web.Response(body=encode(answer), content_type="application/json")


@web.middleware
async def _begun(request: web.Request, handler: Handler) -> web.StreamResponse:
    headers_arrived(request)
    return await handler(request)


def scope(asked: Tenants, allowed: Tenants) -> Tenants:
    """The tenants that may be seen: both, where None is all."""
    if asked is None or allowed is None:
        return allowed if asked is None else asked
    return tuple(tenant for tenant in asked if tenant in allowed)


def _later(why: str) -> web.Response:
    return _problem(503, why, {"Retry-After": str(RETRY_AFTER_S)})


def _problem(status: int, why: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"error": why}, status=status, headers=headers)
