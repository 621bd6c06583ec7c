"""Connections within bounds: how many there are, how many one address has, how long the first headers take.

aiohttp ends a connection that is idle for long, which is meant for the time between requests; a new connection has
less time (slowloris). Bodies are bounded where they are read. The collector and the console listen so.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from agents.collect.address import client_address, is_trusted, networks
from agents.collect.problems import Problem
from streams.settings import Settings

log = structlog.get_logger(__name__)

TLS_S = 10.0
BACKLOG = 1024
SERVER = "capi"  # and no versions


Value = TypeVar("Value")


def _silent(_: Any) -> None: ...


@dataclass(frozen=True)
class Bounds:
    """`turned_away` is told why a connection was ended, `opened` how many there are."""

    header_s: float
    address: int
    process: int
    trusted_proxies: tuple[str, ...] = ()
    turned_away: Callable[[str], None] = _silent
    opened: Callable[[int], None] = _silent


def bounds_of(
    settings: Settings,
    trusted_proxies: tuple[str, ...],
    turned_away: Callable[[str], None] = _silent,
    opened: Callable[[int], None] = _silent,
) -> Bounds:
    most = settings.collect_peer_connections, settings.collect_connections
    return Bounds(settings.collect_header_s, *most, trusted_proxies, turned_away, opened)


class Gate:
    """Counts connections, and makes a handler for each of those that may come in."""

    def __init__(self, bounds: Bounds, server: web.Server, options: Mapping[str, Any]) -> None:
        self.bounds, self.server, self.options = bounds, server, options
        self._proxies = networks(bounds.trusted_proxies)
        self._open: Counter[str] = Counter()
        self._all = 0

    def __call__(self) -> Connection:
        return Connection(self)

    def enter(self, address: str) -> bool:
        """Whether one more may come in; then `leave` is to be called once."""
        if self._open[address] >= self.bounds.address and not is_trusted(address, self._proxies):
            self.bounds.turned_away("address")
            return False
        if self._all >= self.bounds.process:
            self.bounds.turned_away("process")
            return False
        self._open[address] += 1
        self._all += 1
        self.bounds.opened(self._all)
        return True

    def leave(self, address: str) -> None:
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]
        self._all -= 1
        self.bounds.opened(self._all)


class Connection(RequestHandler):
    """One connection. `Gate` may refuse it; the first headers have to arrive in time."""

    __slots__ = ("_address", "_gate", "_silence")

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate.server, loop=asyncio.get_running_loop(), **gate.options)
        self._gate = gate
        self._address: str | None = None
        self._silence: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        address = client_address(peer[0] if isinstance(peer, tuple) else None, (), ())
        if not self._gate.enter(address):
            self._abort()
            return
        self._address = address
        within_s = self._gate.bounds.header_s
        self._silence = asyncio.get_running_loop().call_later(within_s, self._too_slow)

    def headers_arrived(self) -> None:
        """Of the first request. Called for each: aiohttp bounds the wait for the next one."""
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def connection_lost(self, exc: BaseException | None) -> None:
        self.headers_arrived()
        if self._address is not None:
            self._gate.leave(self._address)
            self._address = None
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is no HTTP. aiohttp would log the bytes, which may be somebody's data."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun")
        log.debug("no HTTP", why=type(exc).__name__)
        response = Problem(
            status, "bad_http", "the request cannot be read as HTTP", "see /openapi.json"
        ).response()
        response.headers["Server"] = SERVER
        response.force_close()
        return response

    def _too_slow(self) -> None:
        self._gate.bounds.turned_away("slow")
        self._abort()

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


async def listen(
    gate: Gate, host: str, port: int, tls: ssl.SSLContext | None = None, shared: bool = False
) -> asyncio.Server:
    """Raises OSError when the address cannot be had. `shared`: processes that share it get connections in turn."""
    secure: dict[str, Any] = {"ssl": tls, "ssl_handshake_timeout": TLS_S} if tls else {}
    # None, not False: uvloop and asyncio both take it for "as usual"
    reuse = True if shared else None
    loop = asyncio.get_running_loop()
    return await loop.create_server(gate, host, port, reuse_port=reuse, backlog=BACKLOG, **secure)


def headers_arrived(request: web.Request) -> None:
    """To be called first for each request."""
    if isinstance(request.protocol, Connection):
        request.protocol.headers_arrived()


async def in_time(reading: Awaitable[Value], within_s: float) -> Value:
    """What is read of a body. Raises HTTPRequestTimeout, and HTTPBadRequest for what is not as its headers say."""
    try:
        async with asyncio.timeout(within_s):
            return await reading
    except TimeoutError:
        raise web.HTTPRequestTimeout(text=f"The body did not arrive within {within_s:g} s.") from None
    except (web.RequestPayloadError, ValueError, LookupError):  # the last: of an encoding that is none
        raise web.HTTPBadRequest(text="The body is not what its headers say.") from None
